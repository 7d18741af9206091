#include "neighbours.hpp"

#include <linux/neighbour.h>

namespace keelson::net {
namespace {

using sdk::IpAddress;
using sdk::NetlinkMessage;

NetlinkMessage proxy_message(int type, int flags, const IpAddress& address, unsigned link) {
    NetlinkMessage message(type, flags);
    ndmsg header{};
    header.ndm_family = static_cast<unsigned char>(address.family);
    header.ndm_ifindex = static_cast<int>(link);
    header.ndm_flags = NTF_PROXY;
    header.ndm_state = NUD_PERMANENT;  // else it goes when the link comes up or down
    message.header(header).bytes(NDA_DST, address.bytes.data(), address.size());
    return message;
}

void add_proxies(HostLinks& links, int family, std::vector<Proxy>& found) {
    NetlinkMessage list(RTM_GETNEIGH, NLM_F_DUMP);
    ndmsg wanted{};
    wanted.ndm_family = static_cast<unsigned char>(family);
    wanted.ndm_flags = NTF_PROXY;
    links.netlink().dump(list.header(wanted), [&](const nlmsghdr* header) {
        const auto& facts = sdk::netlink_header<ndmsg>(header);
        const auto attribute = [&](int type) { return sdk::NetlinkAttribute::of<ndmsg>(header, type); };
        const std::string_view address = attribute(NDA_DST).bytes();
        if ((facts.ndm_flags & NTF_PROXY) == 0 || facts.ndm_family != family || address.empty()) return;
        found.push_back({static_cast<unsigned>(facts.ndm_ifindex), IpAddress::from_bytes(family, address),
                         attribute(NDA_PROTOCOL).as<unsigned char>() == protocol_mark});
    });
}

}  // namespace

std::vector<Proxy> proxies(HostLinks& links) {
    std::vector<Proxy> found;
    for (const int family : {AF_INET, AF_INET6}) add_proxies(links, family, found);
    return found;
}

void add_proxy(HostLinks& links, const IpAddress& address, const std::string& link) {
    NetlinkMessage message = proxy_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, address, links.index_of(link));
    message.number(NDA_PROTOCOL, protocol_mark);
    links.netlink().request(message, cat("answer for ", address.text(), " on"), link);
}

void remove_proxy(HostLinks& links, const Proxy& proxy) {
    links.netlink().add(proxy_message(RTM_DELNEIGH, 0, proxy.address, proxy.link));
    for (const sdk::NetlinkFailure& failure : links.netlink().run())
        if (failure.code != ENOENT && failure.code != ENODEV)
            throw sdk::Netlink::error(failure, "no longer answer for", proxy.address.text());
}

}  // namespace keelson::net
