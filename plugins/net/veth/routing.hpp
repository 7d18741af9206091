// [host] What lxc.net.N asks of the host's end of a pair beyond joining a bridge: VLANs of the port, routes, router mode. All
// of it hangs on that end, and goes with it.
#pragma once

#include <plugins/net/common/host_links.hpp>

#include <keelson/sdk/network.hpp>

#include <string>

namespace keelson::net {

/// Throws Error for VLAN keys that cannot be carried out; `bridge`: null if no bridge is joined.
void check_vlan(const sdk::Context& context, const sdk::Device& device, const LinkFacts* bridge);

/// Throws Error for a route or, in router mode, an address that is none, and for IPv6 that the host does not forward.
void check_routes(const sdk::Context& context, const sdk::Device& device);

/// bridge(8): the port's untagged VLAN in place of the bridge's default, and tagged ones.
void set_vlan(HostLinks& links, const sdk::Context& context, const sdk::Device& device, const std::string& port);

/// veth.ipv4.route and veth.ipv6.route. In router mode also routes to each of the container's addresses, and the host's end
/// forwards and answers for the configured gateways (arp(7), proxy).
void add_routes(HostLinks& links, const sdk::Context& context, const sdk::Device& device, const std::string& host_end);

}  // namespace keelson::net
