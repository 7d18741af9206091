// [host] A pair of veth(4) links: one end on the host, the other made directly in the container's network namespace.
#pragma once

#include "host_links.hpp"

#include <optional>
#include <string>

namespace keelson::net {

struct PairRequest {
    std::string host_name;
    std::string inside_name;
    std::string alias;            ///< ownership tag of the host end
    unsigned bridge = 0;          ///< index of the bridge to join; 0: none
    std::optional<uint32_t> mtu;  ///< of both ends
    std::optional<uint32_t> rx_queues, tx_queues;
    std::optional<HardwareAddress> inside_address;
};

/// Made, tagged, without an IPv6 address of its own if it joins a bridge, joined, up. After an Error nothing of it is left, and
/// a link that had the name before is as it was. The host end's address begins with fe, so that a bridge does not take it for
/// its own.
void make_pair(HostLinks& links, const PairRequest& request, int net_namespace);

}  // namespace keelson::net
