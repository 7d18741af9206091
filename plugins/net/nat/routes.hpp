// [host] What the host's IPv4 routes say.
#pragma once

#include <plugins/net/common/host_links.hpp>

namespace keelson::net {

struct Route {
    sdk::IpAddress to;    ///< with its prefix
    unsigned link = 0;    ///< its index
    bool direct = false;  ///< to neighbours on the link or to the host itself, and not by way of a router
};

struct RouteFacts {
    std::vector<Route> routes;  ///< without default routes
    unsigned uplink = 0;        ///< index of the link of the best default route; 0: none

    std::vector<sdk::IpAddress> destinations() const;
};

/// Of all tables, with the host's own addresses; `without`: index of a link whose routes do not count.
RouteFacts read_routes(HostLinks& links, unsigned without = 0);

}  // namespace keelson::net
