#include "alive.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <keelson/sdk/command_address.hpp>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <cstddef>
#include <cstring>

namespace keelson::cgroup {

bool is_alive(const std::string& directory) {
    const std::string name = sdk::command_address(directory);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) throw Error::last("make a socket to ask for", directory);
    // a listener that cannot answer now is one all the same
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0 || errno != ECONNREFUSED;
}

}  // namespace keelson::cgroup
