// [host] What the host's IPv4 routes say.
#pragma once

#include <plugins/net/common/host_links.hpp>

namespace keelson::net {

struct RouteFacts {
    std::vector<sdk::IpAddress> destinations;  ///< with their prefix; without default routes
    unsigned uplink = 0;                       ///< index of the link of the best default route; 0: none
};

RouteFacts read_routes(HostLinks& links);

}  // namespace keelson::net
