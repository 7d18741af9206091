// [host] What the network namespaces of containers hold, without a fork: a namespace is entered to open a socket in it.
#pragma once

#include <keelson/sdk/netlink.hpp>

#include <string>
#include <vector>

namespace keelson::network {

struct NetworkFacts {
    std::vector<std::string> interfaces;  ///< sorted names, that of the loopback device too
    /// Not those of the loopback device, nor link-local ones of IPv6, which are of no use without a link's number.
    std::vector<std::string> ipv4, ipv6;
};

/// Goes from one container's network to the next, and home when it ends: until then the thread stays where it was last.
class Visitor {
public:
    Visitor() = default;
    ~Visitor();
    Visitor(const Visitor&) = delete;

    /// Throws; ESRCH: the process has ended.
    NetworkFacts visit(pid_t init, bool interfaces = false);

private:
    sdk::Netlink open_in_network_of(pid_t init);

    UniqueFd home_;
    bool away_ = false;  ///< an ordinary user never is, and could not come home
};

}  // namespace keelson::network
