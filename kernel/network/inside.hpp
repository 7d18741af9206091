// [inside] The container's side of its network devices: names, addresses, routes. By rtnetlink(7), in the child's own
// namespaces.
#pragma once

#include <kernel/config/config.hpp>

#include <string>
#include <vector>

namespace keelson::network {

/// What a network plugin handed over for one lxc.net.N.
struct HandedLink {
    unsigned index = 0;  ///< N
    std::string type;
    std::string name_inside;  ///< transient; empty: this device has no link
    std::string host_link;
    std::string preferred_name;
    std::vector<std::string> addresses;
    std::string gateway;
    std::vector<std::string> resolvers;
};

/// Host side: `auto` gateways are looked up before the namespace is entered. Returns N -> (ipv4, ipv6).
struct AutoGateway {
    unsigned index = 0;
    std::string ipv4, ipv6;
};
std::vector<AutoGateway> find_auto_gateways(const config::Config& config);

/// Brings up every device as LXC does: those with a name first, in the order of their numbers; rename, hardware address,
/// addresses, up (lo too), gateways. Throws with "lxc.net.N" as object. Returns the final names.
std::vector<std::string> configure(const config::Config& config, const std::vector<HandedLink>& links,
                                   const std::vector<AutoGateway>& gateways);

}  // namespace keelson::network
