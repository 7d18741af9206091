#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/environment.hpp>
#include <kernel/container/hooks.hpp>
#include <kernel/filesystem/rootfs_source.hpp>
#include <kernel/process/namespaces.hpp>

#include <algorithm>

namespace keelson::container {
namespace {

std::string last_line(std::string_view output) {
    output = base::trim(output);
    return std::string(output.substr(output.rfind('\n') + 1));
}

process::Environment pairs(const std::vector<std::string>& variables) {
    process::Environment result;
    for (const std::string& variable : variables) {
        const size_t equals = variable.find('=');
        if (equals != std::string::npos) result.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
    }
    return result;
}

}  // namespace

Hooks::Hooks(const Facts& facts, const config::Config& config) : facts_(facts), config_(config) {
    set("LXC_NAME", facts.name());
    if (!config.path().empty()) set("LXC_CONFIG_FILE", config.path());
    set("LXC_ROOTFS_MOUNT", config.get_or_default("lxc.rootfs.mount"));
    if (const std::string path = filesystem::rootfs_source(config).path; !path.empty()) set("LXC_ROOTFS_PATH", path);
    if (config.is_set("lxc.console.path")) set("LXC_CONSOLE", config.get("lxc.console.path"));
    if (config.is_set("lxc.console.logfile")) set("LXC_CONSOLE_LOGPATH", config.get("lxc.console.logfile"));
    if (process::has_cgroup_namespaces()) set("LXC_CGNS_AWARE", "1");
    set("LXC_LOG_LEVEL", config.is_set("lxc.log.level") ? config.printed("lxc.log.level") : "ERROR");
    set("LXC_HOOK_VERSION", cat(config.number("lxc.hook.version")));
}

void Hooks::set(const std::string& name, const std::string& value) {
    const auto known = std::ranges::find(environment_, name, &std::pair<std::string, std::string>::first);
    if (known != environment_.end())
        known->second = value;
    else
        environment_.emplace_back(name, value);
}

void Hooks::add_inside_environment() {
    for (const auto& [name, value] : variables_of(config_, {"lxc.environment", "lxc.environment.hooks"})) set(name, value);
}

bool Hooks::any(std::string_view stage) const { return config_.is_set(cat("lxc.hook.", stage)); }

void Hooks::run(std::string_view stage, const std::string& arguments) const {
    const bool by_arguments = config_.number("lxc.hook.version") == 0;
    const std::string what = cat(stage, " hook");
    for (const std::string& command : config_.list(cat("lxc.hook.", stage))) {
        if (by_arguments) {
            run_one(what, command, cat(process::quoted(facts_.name()), " 'lxc' '", stage, "' ", arguments), {});
        } else {
            run_one(what, command, {}, {{"LXC_HOOK_TYPE", std::string(stage)}, {"LXC_HOOK_SECTION", "lxc"}});
        }
    }
}

void Hooks::run_script(const network::HandedLink& link, network::ScriptAction action) const {
    const network::ScriptCall call = network::script_call(config_, facts_.name(), link, action);
    if (call.command.empty()) return;
    std::string arguments;
    for (const std::string& argument : call.arguments) arguments += process::quoted(argument) + " ";
    run_one("network script", call.command, arguments, pairs(call.environment));
}

void Hooks::run_one(std::string_view what, const std::string& command, const std::string& arguments,
                    const process::Environment& extra) const {
    process::Environment environment = environment_;
    environment.insert(environment.end(), extra.begin(), extra.end());
    const process::ProgramResult result = process::run_shell(command, arguments, environment);
    if (!result.output.empty()) base::log_debug(cat("hook ", command, " printed: ", base::trim(result.output)));
    if (result.status == 0) return;
    const std::string said = last_line(result.output);
    throw Error(0, command, cat(what, " ended with status ", result.status, said.empty() ? "" : cat(" (", said, ")"), ":"),
                result.status == 127 ? "the program was not found; give its full path"
                                     : cat("run it by hand to see why: ", command, " ", base::trim(arguments)));
}

}  // namespace keelson::container
