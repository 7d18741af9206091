// [host] lxc.net.N.l2proxy: the host answers on lxc.net.N.link for the container's addresses.
//
// What it adds to the host's tables outlives the container, so it has a record of its own, and carries a mark.
#pragma once

#include "neighbours.hpp"

#include <keelson/sdk/network.hpp>

#include <string>
#include <string_view>

namespace keelson::net {

/// Throws Error where the link does not forward, which it has to (ip-sysctl: forwarding, proxy_ndp).
void check_l2proxy(const sdk::Context& context, const sdk::Device& device);
/// For a type that has no use for the key: throws Error if it is set.
void refuse_l2proxy(const sdk::Context& context, const sdk::Device& device);

/// Does nothing unless it is asked for and there is a link. `over_loopback`: adds routes to the addresses over lo, for types
/// whose packets the link takes from there; an answer is given only for what is routed elsewhere. An answer that somebody else
/// has set up serves, and stays. Throws Error(EADDRINUSE) when it, or the route, is another container's.
void start_l2proxy(HostLinks& links, const sdk::Context& context, const sdk::Device& device, bool over_loopback = false);

/// Takes back what a record says, `over_loopback` as at the start. False: the record is not one of these. May repeat.
bool undo_l2proxy(HostLinks& links, std::string_view record, bool over_loopback = false);

}  // namespace keelson::net
