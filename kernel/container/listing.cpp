#include <kernel/base/file.hpp>
#include <kernel/container/container.hpp>
#include <kernel/monitor/command_client.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace keelson::container {

std::vector<std::string> defined_containers(const std::string& lxcpath) {
    std::vector<std::string> names;
    DIR* directory = ::opendir(lxcpath.c_str());
    if (directory == nullptr) return names;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (::faccessat(::dirfd(directory), (name + "/config").c_str(), F_OK, 0) == 0) names.push_back(name);
    }
    ::closedir(directory);
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> active_containers(const std::string& lxcpath) {
    std::vector<std::string> names = monitor::listening(lxcpath);
    std::ranges::sort(names);
    return names;
}

}  // namespace keelson::container
