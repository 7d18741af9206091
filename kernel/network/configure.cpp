#include <keelson/sdk/patience.hpp>
#include <kernel/network/inside.hpp>
#include <kernel/network/plan.hpp>

#include <linux/if.h>
#include <sys/ioctl.h>

namespace keelson::network {
namespace {

using sdk::IpAddress;
using sdk::Netlink;
using sdk::NetlinkMessage;

/// What each request of a batch was for.
class Batch {
public:
    explicit Batch(Netlink& netlink) : netlink_(netlink) {}

    void add(const NetlinkMessage& message, std::string what, std::string object) {
        netlink_.add(message);
        steps_.push_back({std::move(what), std::move(object)});
    }
    void run() {
        for (const sdk::NetlinkFailure& failure : netlink_.run())
            throw Netlink::error(failure, steps_[failure.index].what, steps_[failure.index].object);
        steps_.clear();
    }

private:
    struct Step {
        std::string what, object;
    };
    Netlink& netlink_;
    std::vector<Step> steps_;
};

unsigned index_of(const Netlink& netlink, const LinkPlan& plan) {
    ifreq request{};
    plan.name_now.copy(request.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(netlink.fd(), SIOCGIFINDEX, &request) < 0)
        throw Error::last(cat("find link ", plan.name_now, " in the container"), plan.object());
    return static_cast<unsigned>(request.ifr_ifindex);
}

std::string name_of(const Netlink& netlink, unsigned index) {
    ifreq request{};
    request.ifr_ifindex = static_cast<int>(index);
    if (::ioctl(netlink.fd(), SIOCGIFNAME, &request) < 0) throw Error::last("read the name of a link", cat("index ", index));
    return request.ifr_name;
}

/// Name, hardware address and mtu.
struct Identity {
    NetlinkMessage message;
    std::string what;
};

Identity identity(const LinkPlan& plan, unsigned index) {
    NetlinkMessage message(RTM_SETLINK, 0);
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(index);
    message.header(header);
    std::string what = cat("name it ", plan.name);
    if (plan.name != plan.name_now) message.text(IFLA_IFNAME, plan.name);
    if (plan.hardware_address) {
        message.bytes(IFLA_ADDRESS, plan.hardware_address->data(), plan.hardware_address->size());
        what += " with its hardware address";
    }
    if (plan.mtu) {
        message.number<uint32_t>(IFLA_MTU, *plan.mtu);
        what += cat(" and mtu ", *plan.mtu);
    }
    return {std::move(message), std::move(what)};
}

/// Links without a number in their name are numbered in the order of these calls. Of several on one link of the host's
/// (macvlan) only one may have an address, and one that has ended has it until its namespace is gone.
void identify(Batch& batch, Netlink& netlink, const LinkPlan& plan, unsigned index) {
    const Identity wanted = identity(plan, index);
    if (!plan.hardware_address) return batch.add(wanted.message, wanted.what, plan.object());
    batch.run();
    const bool done = sdk::comes_true(sdk::patience_with_the_ended, [&] {
        netlink.add(wanted.message);
        const std::vector<sdk::NetlinkFailure> failures = netlink.run();
        if (!failures.empty() && failures.front().code != EADDRINUSE)
            throw Netlink::error(failures.front(), wanted.what, plan.object());
        return failures.empty();
    });
    if (!done) throw Error(EADDRINUSE, plan.object(), wanted.what, "another link has this hardware address: give each its own");
}

void bring_up(Batch& batch, unsigned index, const std::string& object) {
    NetlinkMessage message(RTM_SETLINK, 0);
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(index);
    header.ifi_flags = header.ifi_change = IFF_UP;
    batch.add(message.header(header), "bring up the link", object);
}

void add_address(Batch& batch, const LinkPlan& plan, const AddressPlan& wanted, unsigned index) {
    NetlinkMessage message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    const IpAddress& address = wanted.address;
    ifaddrmsg header{};
    header.ifa_family = static_cast<unsigned char>(address.family);
    header.ifa_prefixlen = static_cast<unsigned char>(*address.prefix);
    header.ifa_index = index;
    message.header(header).bytes(IFA_LOCAL, address.bytes.data(), address.size());
    message.bytes(IFA_ADDRESS, address.bytes.data(), address.size());
    if (wanted.broadcast) message.bytes(IFA_BROADCAST, wanted.broadcast->bytes.data(), wanted.broadcast->size());
    batch.add(message, cat("add address ", address.text(), "/", *address.prefix), plan.object());
}

/// A default route without `to`, a host route with it; over the link alone without `by`.
NetlinkMessage route(int family, unsigned index, const IpAddress* to, const IpAddress* by) {
    NetlinkMessage message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(family);
    header.rtm_dst_len = static_cast<unsigned char>(to ? to->bits() : 0);
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = RTPROT_BOOT;
    header.rtm_scope = by ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    header.rtm_type = RTN_UNICAST;
    message.header(header).number(RTA_OIF, index);
    if (to) message.bytes(RTA_DST, to->bytes.data(), to->size());
    if (by) message.bytes(RTA_GATEWAY, by->bytes.data(), by->size());
    return message;
}

/// The kernel's answers to a gateway that no route leads to: fib_check_nh() and ip6_route_check_nh().
bool off_subnet(int code) { return code == ENETUNREACH || code == EHOSTUNREACH || code == EINVAL; }

void add_default_route(Netlink& netlink, const LinkPlan& plan, const GatewayPlan& gateway, unsigned index) {
    const IpAddress* by = gateway.address ? &*gateway.address : nullptr;
    const std::string what = by ? cat("add default route by ", by->text()) : "add default route over the link";
    netlink.add(route(gateway.family, index, nullptr, by));
    const std::vector<sdk::NetlinkFailure> failures = netlink.run();
    if (failures.empty()) return;
    if (by == nullptr || !off_subnet(failures.front().code)) throw Netlink::error(failures.front(), what, plan.object());
    Batch again(netlink);
    again.add(route(gateway.family, index, by, nullptr), cat("add host route to gateway ", by->text()), plan.object());
    again.add(route(gateway.family, index, nullptr, by), what, plan.object());
    again.run();
}

}  // namespace

std::vector<std::string> configure(const config::Config& config, const std::vector<HandedLink>& links,
                                   const std::vector<AutoGateway>& gateways) {
    const NetworkPlan plan = plan_network(config, links, gateways);
    Netlink netlink;
    Batch batch(netlink);
    std::vector<unsigned> indices;
    for (const LinkPlan& link : plan.links) {
        const unsigned index = indices.emplace_back(index_of(netlink, link));
        identify(batch, netlink, link, index);
        for (const AddressPlan& address : link.addresses) add_address(batch, link, address, index);
        if (link.up) bring_up(batch, index, link.object());
    }
    if (plan.loopback_up) bring_up(batch, 1, "lo");  // the first link of every namespace
    batch.run();
    std::vector<std::string> names;
    for (size_t i = 0; i < indices.size(); ++i) {
        for (const GatewayPlan& gateway : plan.links[i].gateways)
            add_default_route(netlink, plan.links[i], gateway, indices[i]);
        names.push_back(name_of(netlink, indices[i]));
    }
    return names;
}

}  // namespace keelson::network
