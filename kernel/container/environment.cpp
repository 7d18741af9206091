#include <kernel/container/environment.hpp>

#include <stdlib.h>

namespace keelson::container {

process::Environment variables_of(const config::Config& config, std::initializer_list<std::string_view> keys) {
    process::Environment variables;
    for (const std::string_view key : keys) {
        for (const std::string& item : config.list(key)) {
            const size_t equals = item.find('=');
            if (equals != std::string::npos) {
                variables.emplace_back(item.substr(0, equals), item.substr(equals + 1));
            } else if (const char* ours = ::getenv(item.c_str())) {
                variables.emplace_back(item, ours);
            }
        }
    }
    return variables;
}

void set_init_environment(const config::Config& config, const std::string& ttys) {
    const process::Environment variables = variables_of(config, {"lxc.environment", "lxc.environment.runtime"});
    ::clearenv();
    for (const auto& [name, value] : variables) process::set_variable(name, value);
    process::set_variable("container", "lxc");
    if (!ttys.empty()) process::set_variable("container_ttys", ttys);
}

}  // namespace keelson::container
