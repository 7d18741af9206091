#include "routes.hpp"

namespace keelson::net {
namespace {

using sdk::NetlinkAttribute;

/// Of a route over several links the first.
unsigned link_of(const nlmsghdr* answer) {
    if (const NetlinkAttribute link = NetlinkAttribute::of<rtmsg>(answer, RTA_OIF)) return link.as<uint32_t>();
    return static_cast<unsigned>(NetlinkAttribute::of<rtmsg>(answer, RTA_MULTIPATH).as<rtnexthop>().rtnh_ifindex);
}

}  // namespace

RouteFacts read_routes(HostLinks& links) {
    RouteFacts facts;
    uint32_t best = UINT32_MAX;
    sdk::NetlinkMessage list(RTM_GETROUTE, NLM_F_DUMP);
    rtmsg wanted{};
    wanted.rtm_family = AF_INET;
    links.netlink().dump(list.header(wanted), [&](const nlmsghdr* answer) {
        const auto& route = sdk::netlink_header<rtmsg>(answer);
        if (route.rtm_type != RTN_UNICAST) return;
        if (route.rtm_dst_len != 0) {
            facts.destinations.push_back(
                sdk::IpAddress::from_bytes(AF_INET, NetlinkAttribute::of<rtmsg>(answer, RTA_DST).bytes()));
            facts.destinations.back().prefix = route.rtm_dst_len;
            return;
        }
        const auto metric = NetlinkAttribute::of<rtmsg>(answer, RTA_PRIORITY).as<uint32_t>();
        if (route.rtm_table != RT_TABLE_MAIN || metric >= best) return;
        best = metric;
        facts.uplink = link_of(answer);
    });
    return facts;
}

}  // namespace keelson::net
