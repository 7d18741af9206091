// [host] What the host answers for on a link (arp(7), ip-neighbour(8): proxy), by rtnetlink(7).
#pragma once

#include "host_links.hpp"

#include <vector>

namespace keelson::net {

/// The mark of what Keelson puts into the host's tables: a protocol number that no routing daemon has (rt_protos).
inline constexpr unsigned char protocol_mark = 75;

struct Proxy {
    unsigned link = 0;
    sdk::IpAddress address;
    bool marked = false;
};

/// All proxies for both families.
std::vector<Proxy> proxies(HostLinks& links);
/// Makes the host answer for the address on the link; marked.
void add_proxy(HostLinks& links, const sdk::IpAddress& address, const std::string& link);
/// Success when it is gone already.
void remove_proxy(HostLinks& links, const Proxy& proxy);

}  // namespace keelson::net
