#include <keelson/sdk/address.hpp>
#include <kernel/base/file.hpp>
#include <kernel/network/visitor.hpp>
#include <kernel/process/clone.hpp>

#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <algorithm>

namespace keelson::network {
namespace {

/// That of the loopback device in every network namespace, under whatever name.
constexpr unsigned loopback = 1;

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
sdk::Netlink open_by_owner(pid_t init) {
    const UniqueFd net_namespace = base::open_file(cat("/proc/", init, "/ns/net"), O_RDONLY);
    const UniqueFd owner(::ioctl(net_namespace.get(), NS_GET_USERNS));
    if (!owner) throw Error::last("find the owner of the container's network namespace", {});
    Entry entry{owner.get(), net_namespace.get()};
    alignas(16) char stack[16384];
    const int pid = ::clone(enter_and_open, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES, &entry);
    if (pid < 0) throw Error::last("clone", {});
    ::waitpid(pid, nullptr, __WALL);
    if (entry.socket < 0) throw Error(entry.error, {}, "enter the container's network namespace");
    return sdk::Netlink(UniqueFd(entry.socket));
}

std::vector<std::string> names_of_links(sdk::Netlink& netlink) {
    std::vector<std::string> names;
    sdk::NetlinkMessage list(RTM_GETLINK, NLM_F_DUMP);
    netlink.dump(list.header(ifinfomsg{}), [&](const nlmsghdr* header) {
        names.push_back(sdk::NetlinkAttribute::of<ifinfomsg>(header, IFLA_IFNAME).text());
    });
    std::ranges::sort(names);
    return names;
}

void read_addresses(sdk::Netlink& netlink, NetworkFacts& facts) {
    sdk::NetlinkMessage list(RTM_GETADDR, NLM_F_DUMP);
    netlink.dump(list.header(ifaddrmsg{}), [&](const nlmsghdr* header) {
        const auto& info = sdk::netlink_header<ifaddrmsg>(header);
        sdk::NetlinkAttribute value = sdk::NetlinkAttribute::of<ifaddrmsg>(header, IFA_LOCAL);
        if (!value) value = sdk::NetlinkAttribute::of<ifaddrmsg>(header, IFA_ADDRESS);
        if (!value || info.ifa_index == loopback) return;
        const auto address = sdk::IpAddress::from_bytes(info.ifa_family, value.bytes());
        if (address.family == AF_INET)
            facts.ipv4.push_back(address.text());
        else if (!address.link_local())
            facts.ipv6.push_back(address.text());
    });
}

}  // namespace

Visitor::~Visitor() {
    if (away_) sdk::return_to_network(home_.get());
}

sdk::Netlink Visitor::open_in_network_of(pid_t init) {
    if (!home_) home_ = base::open_file("/proc/thread-self/ns/net", O_RDONLY);
    const UniqueFd pidfd = process::open_pidfd(init);
    if (::setns(pidfd.get(), CLONE_NEWNET) == 0) {
        away_ = true;
        return sdk::Netlink();
    }
    if (errno == EPERM) return open_by_owner(init);
    throw Error::last("enter the container's network namespace", cat("process ", init));
}

NetworkFacts Visitor::visit(pid_t init, bool interfaces) {
    sdk::Netlink netlink = open_in_network_of(init);
    NetworkFacts facts;
    if (interfaces) facts.interfaces = names_of_links(netlink);
    read_addresses(netlink, facts);
    return facts;
}

}  // namespace keelson::network
