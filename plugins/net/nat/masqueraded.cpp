#include "masqueraded.hpp"

#include <keelson/sdk/netlink.hpp>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

namespace keelson::net {

bool is_masqueraded(const sdk::IpAddress& address) {
    sdk::NetlinkMessage question(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, 0);
    question.header(nfgenmsg{NFPROTO_INET, NFNETLINK_V0, 0});
    question.text(NFTA_SET_ELEM_LIST_TABLE, "keelson").text(NFTA_SET_ELEM_LIST_SET, "subnets");
    question.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&](sdk::NetlinkMessage& elements) {
        elements.nest(NFTA_LIST_ELEM, [&](sdk::NetlinkMessage& element) {
            element.nest(NFTA_SET_ELEM_KEY,
                         [&](sdk::NetlinkMessage& key) { key.bytes(NFTA_DATA_VALUE, address.bytes.data(), address.size()); });
        });
    });
    sdk::Netlink netlink(NETLINK_NETFILTER);
    netlink.add(question);
    return netlink.run().empty();
}

}  // namespace keelson::net
