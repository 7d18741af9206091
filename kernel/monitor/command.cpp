#include <keelson/sdk/error.hpp>
#include <kernel/base/text.hpp>
#include <kernel/monitor/command.hpp>

#include <cstddef>
#include <cstdio>
#include <cstring>

namespace keelson::monitor {

std::string command_address(const std::string& lxcpath, const std::string& name) {
    constexpr size_t longest = 105;
    std::string address = cat(lxcpath, "/", name, "/command");
    if (address.size() <= longest) return address;
    char hashed[40];
    std::snprintf(hashed, sizeof hashed, "lxc/%016llx/command",
                  static_cast<unsigned long long>(base::fnv1a(cat(lxcpath, "/", name))));
    return hashed;
}

AbstractAddress::AbstractAddress(const std::string& name)
    : length_(static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) {
    if (name.size() + 1 > sizeof address_.sun_path) throw Error(ENAMETOOLONG, name, "use as a socket's address");
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path + 1, name.data(), name.size());
}

}  // namespace keelson::monitor
