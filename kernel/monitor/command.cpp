#include <keelson/sdk/command_address.hpp>
#include <keelson/sdk/error.hpp>
#include <kernel/base/text.hpp>
#include <kernel/monitor/command.hpp>

#include <cstddef>
#include <cstring>

namespace keelson::monitor {

std::string command_address(const std::string& lxcpath, const std::string& name) {
    return sdk::command_address(cat(lxcpath, "/", name));
}

AbstractAddress::AbstractAddress(const std::string& name)
    : length_(static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) {
    if (name.size() + 1 > sizeof address_.sun_path) throw Error(ENAMETOOLONG, name, "use as a socket's address");
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path + 1, name.data(), name.size());
}

}  // namespace keelson::monitor
