#include "routes.hpp"

namespace keelson::net {
namespace {

using sdk::NetlinkAttribute;

/// Of a route over several links the first.
unsigned link_of(const nlmsghdr* answer) {
    if (const NetlinkAttribute link = NetlinkAttribute::of<rtmsg>(answer, RTA_OIF)) return link.as<uint32_t>();
    return static_cast<unsigned>(NetlinkAttribute::of<rtmsg>(answer, RTA_MULTIPATH).as<rtnexthop>().rtnh_ifindex);
}

Route read_route(const nlmsghdr* answer) {
    const auto& header = sdk::netlink_header<rtmsg>(answer);
    Route route;
    route.to = sdk::IpAddress::from_bytes(AF_INET, NetlinkAttribute::of<rtmsg>(answer, RTA_DST).bytes());
    route.to.prefix = header.rtm_dst_len;
    route.link = link_of(answer);
    const auto has = [&](int type) { return bool(NetlinkAttribute::of<rtmsg>(answer, type)); };
    route.direct = !has(RTA_GATEWAY) && !has(RTA_VIA) && !has(RTA_MULTIPATH);
    return route;
}

}  // namespace

std::vector<sdk::IpAddress> RouteFacts::destinations() const {
    std::vector<sdk::IpAddress> found;
    for (const Route& route : routes) found.push_back(route.to);
    return found;
}

RouteFacts read_routes(HostLinks& links, unsigned without) {
    RouteFacts facts;
    uint32_t best = UINT32_MAX;
    sdk::NetlinkMessage list(RTM_GETROUTE, NLM_F_DUMP);
    rtmsg wanted{};
    wanted.rtm_family = AF_INET;
    links.netlink().dump(list.header(wanted), [&](const nlmsghdr* answer) {
        const auto& route = sdk::netlink_header<rtmsg>(answer);
        if (route.rtm_type != RTN_UNICAST && route.rtm_type != RTN_LOCAL) return;
        if (route.rtm_dst_len != 0) {
            Route found = read_route(answer);
            if (without == 0 || found.link != without) facts.routes.push_back(std::move(found));
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
