#include <keelson/sdk/address.hpp>
#include <keelson/sdk/netlink.hpp>
#include <kernel/network/inside.hpp>

#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <algorithm>

namespace keelson::network {
namespace {

struct Entry {
    int user_namespace, net_namespace;
    int socket = -1;
    int error = 0;
};

int enter_and_open(void* argument) noexcept {
    auto& entry = *static_cast<Entry*>(argument);
    if (::setns(entry.user_namespace, CLONE_NEWUSER) == 0 && ::setns(entry.net_namespace, CLONE_NEWNET) == 0)
        entry.socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    entry.error = errno;
    return 0;
}

/// For an ordinary user, who may enter the namespace only by way of the user namespace that owns it and could not come back: a
/// short-lived process that shares memory and descriptors with this one opens the socket.
sdk::Netlink open_by_owner(int net_namespace) {
    const UniqueFd owner(::ioctl(net_namespace, NS_GET_USERNS));
    if (!owner) throw Error::last("find the owner of the container's network namespace", {});
    Entry entry{owner.get(), net_namespace};
    alignas(16) char stack[16384];
    const int pid = ::clone(enter_and_open, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES, &entry);
    if (pid < 0) throw Error::last("clone", {});
    ::waitpid(pid, nullptr, __WALL);
    if (entry.socket < 0) throw Error(entry.error, {}, "enter the container's network namespace");
    return sdk::Netlink(UniqueFd(entry.socket));
}

sdk::Netlink open_in(int net_namespace) {
    try {
        return sdk::Netlink::in_namespace(net_namespace);
    } catch (const Error& error) {
        if (error.code() != EPERM) throw;
        return open_by_owner(net_namespace);
    }
}

struct Numbered {
    unsigned index;
    InterfaceFacts facts;
};

std::vector<Numbered> read_links(sdk::Netlink& netlink) {
    std::vector<Numbered> links;
    sdk::NetlinkMessage list(RTM_GETLINK, NLM_F_DUMP);
    netlink.dump(list.header(ifinfomsg{}), [&](const nlmsghdr* header) {
        Numbered link{static_cast<unsigned>(sdk::netlink_header<ifinfomsg>(header).ifi_index), {}};
        const auto counters = sdk::NetlinkAttribute::of<ifinfomsg>(header, IFLA_STATS64).as<rtnl_link_stats64>();
        link.facts.name = sdk::NetlinkAttribute::of<ifinfomsg>(header, IFLA_IFNAME).text();
        link.facts.rx_bytes = counters.rx_bytes;
        link.facts.tx_bytes = counters.tx_bytes;
        links.push_back(std::move(link));
    });
    return links;
}

/// Link-local IPv6 addresses are left out: they are of no use without the link's number.
void read_addresses(sdk::Netlink& netlink, std::vector<Numbered>& links) {
    sdk::NetlinkMessage list(RTM_GETADDR, NLM_F_DUMP);
    netlink.dump(list.header(ifaddrmsg{}), [&](const nlmsghdr* header) {
        const auto& info = sdk::netlink_header<ifaddrmsg>(header);
        sdk::NetlinkAttribute value = sdk::NetlinkAttribute::of<ifaddrmsg>(header, IFA_LOCAL);
        if (!value) value = sdk::NetlinkAttribute::of<ifaddrmsg>(header, IFA_ADDRESS);
        const auto link =
            std::find_if(links.begin(), links.end(), [&](const Numbered& l) { return l.index == info.ifa_index; });
        if (!value || link == links.end()) return;
        const auto address = sdk::IpAddress::from_bytes(info.ifa_family, value.bytes());
        if (address.family == AF_INET)
            link->facts.ipv4.push_back(address.text());
        else if (!address.link_local())
            link->facts.ipv6.push_back(address.text());
    });
}

}  // namespace

std::vector<InterfaceFacts> interfaces(int net_namespace) {
    sdk::Netlink netlink = open_in(net_namespace);
    std::vector<Numbered> links = read_links(netlink);
    read_addresses(netlink, links);
    std::vector<InterfaceFacts> facts;
    for (Numbered& link : links) facts.push_back(std::move(link.facts));
    return facts;
}

}  // namespace keelson::network
