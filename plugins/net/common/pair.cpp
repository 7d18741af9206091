#include "pair.hpp"

#include "ownership.hpp"

#include <linux/if.h>
#include <linux/veth.h>

namespace keelson::net {
namespace {

using sdk::NetlinkMessage;

void add_queues(NetlinkMessage& message, const PairRequest& request) {
    if (request.mtu) message.number<uint32_t>(IFLA_MTU, *request.mtu);
    if (request.rx_queues) message.number<uint32_t>(IFLA_NUM_RX_QUEUES, *request.rx_queues);
    if (request.tx_queues) message.number<uint32_t>(IFLA_NUM_TX_QUEUES, *request.tx_queues);
}

NetlinkMessage creation(const PairRequest& request, int net_namespace) {
    NetlinkMessage message = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
    message.text(IFLA_IFNAME, request.host_name);
    const HardwareAddress address = random_hardware_address(0xfe);
    message.bytes(IFLA_ADDRESS, address.data(), address.size());
    add_queues(message, request);
    message.nest(IFLA_LINKINFO, [&](NetlinkMessage& info) {
        info.text(IFLA_INFO_KIND, "veth");
        info.nest(IFLA_INFO_DATA, [&](NetlinkMessage& data) {
            data.nest(VETH_INFO_PEER, [&](NetlinkMessage& peer) {
                peer.header(ifinfomsg{}).text(IFLA_IFNAME, request.inside_name).number<int32_t>(IFLA_NET_NS_FD, net_namespace);
                if (request.inside_address)
                    peer.bytes(IFLA_ADDRESS, request.inside_address->data(), request.inside_address->size());
                add_queues(peer, request);
            });
        });
    });
    return message;
}

/// IPv6 addresses are generated when the link comes up, so this goes before.
NetlinkMessage tagging(const PairRequest& request) {
    NetlinkMessage message = link_message(RTM_SETLINK, 0, 0);
    message.text(IFLA_IFNAME, request.host_name);
    message.bytes(IFLA_IFALIAS, request.alias.data(), request.alias.size());
    if (request.bridge == 0) return message;
    add_without_ipv6(message);
    return message;
}

/// Into the bridge, and up.
NetlinkMessage joining(const PairRequest& request) {
    NetlinkMessage message = link_message(RTM_SETLINK, 0, 0, IFF_UP, IFF_UP);
    message.text(IFLA_IFNAME, request.host_name);
    if (request.bridge != 0) message.number<uint32_t>(IFLA_MASTER, request.bridge);
    return message;
}

}  // namespace

void make_pair(HostLinks& links, const PairRequest& request, int net_namespace) {
    sdk::Netlink& netlink = links.netlink();
    // Not in one batch with the rest: the kernel goes on after a refusal, and would find another's link of this name.
    netlink.request(creation(request, net_namespace), "make link pair", request.host_name);
    netlink.add(tagging(request));
    netlink.add(joining(request));
    for (const sdk::NetlinkFailure& failure : netlink.run()) {
        links.remove(links.index_of(request.host_name));
        throw sdk::Netlink::error(failure, failure.index == 0 ? "tag link" : "bring up link", request.host_name);
    }
}

}  // namespace keelson::net
