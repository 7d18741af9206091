#include <kernel/base/file.hpp>
#include <kernel/container/container.hpp>
#include <kernel/monitor/command_client.hpp>

#include <algorithm>

namespace keelson::container {

std::vector<std::string> defined_containers(const std::string& lxcpath) {
    std::vector<std::string> names = base::names_in(lxcpath);
    if (names.empty()) return names;
    const UniqueFd directory = base::open_file(lxcpath, O_PATH | O_DIRECTORY);
    std::erase_if(names, [&](const std::string& name) { return !base::exists(name + "/config", directory.get()); });
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> active_containers(const std::string& lxcpath) {
    std::vector<std::string> names = monitor::listening(lxcpath);
    std::ranges::sort(names);
    return names;
}

}  // namespace keelson::container
