#include "host_links.hpp"

#include <linux/if.h>
#include <linux/net_namespace.h>
#include <sys/ioctl.h>

namespace keelson::net {
namespace {

void read_kind(sdk::NetlinkAttribute detail, LinkFacts& facts) {
    facts.kind = detail.inner(IFLA_INFO_KIND).text();
    if (facts.kind != "bridge") return;
    const sdk::NetlinkAttribute data = detail.inner(IFLA_INFO_DATA);
    facts.vlan_filtering = data.inner(IFLA_BR_VLAN_FILTERING).as<uint8_t>() != 0;
    facts.default_pvid = data.inner(IFLA_BR_VLAN_DEFAULT_PVID).as<uint16_t>();
}

HardwareAddress read_address(sdk::NetlinkAttribute address) {
    return address.bytes().size() == HardwareAddress().size() ? address.as<HardwareAddress>() : HardwareAddress{};
}

LowerLink read_lower(sdk::NetlinkAttribute index, sdk::NetlinkAttribute net_namespace) {
    LowerLink lower{index.as<uint32_t>(), std::nullopt};
    if (net_namespace) lower.net_namespace = net_namespace.as<int32_t>();
    return lower;
}

std::string read_parent(sdk::NetlinkAttribute bus, sdk::NetlinkAttribute name) {
    return name ? cat(bus.text(), "/", name.text()) : std::string();
}

LinkFacts read_link(const nlmsghdr* answer) {
    const auto attribute = [&](int type) { return sdk::NetlinkAttribute::of<ifinfomsg>(answer, type); };
    const auto& info = sdk::netlink_header<ifinfomsg>(answer);
    LinkFacts facts;
    facts.index = static_cast<unsigned>(info.ifi_index);
    facts.up = (info.ifi_flags & IFF_UP) != 0;
    facts.name = attribute(IFLA_IFNAME).text();
    facts.alias = attribute(IFLA_IFALIAS).text();
    facts.address = read_address(attribute(IFLA_ADDRESS));
    facts.lower = read_lower(attribute(IFLA_LINK), attribute(IFLA_LINK_NETNSID));
    facts.parent = read_parent(attribute(IFLA_PARENT_DEV_BUS_NAME), attribute(IFLA_PARENT_DEV_NAME));
    facts.master = attribute(IFLA_MASTER).as<uint32_t>();
    facts.mtu = attribute(IFLA_MTU).as<uint32_t>();
    read_kind(attribute(IFLA_LINKINFO), facts);
    attribute(IFLA_PROP_LIST).each([&](sdk::NetlinkAttribute name) { facts.alternative_names.push_back(name.text()); });
    return facts;
}

ifreq request_for(const std::string& name) {
    ifreq request{};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    return request;
}

/// False: there is no such link.
bool asked(int socket, unsigned long question, ifreq& request, const std::string& name) {
    if (::ioctl(socket, question, &request) == 0) return true;
    if (errno != ENODEV) throw Error::last("look at link", name);
    return false;
}

}  // namespace

sdk::NetlinkMessage link_message(int type, int flags, unsigned index, unsigned set_flags, unsigned changed_flags) {
    sdk::NetlinkMessage message(type, flags);
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(index);
    header.ifi_flags = set_flags;
    header.ifi_change = changed_flags;
    return std::move(message.header(header));
}

void add_without_ipv6(sdk::NetlinkMessage& message) {
    message.nest(IFLA_AF_SPEC, [](sdk::NetlinkMessage& families) {
        families.nest(AF_INET6, [](sdk::NetlinkMessage& inet6) {
            inet6.number<uint8_t>(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        });
    });
}

std::optional<LinkFacts> HostLinks::ask(const sdk::NetlinkMessage& question, const std::string& name) {
    std::optional<LinkFacts> found;
    netlink_.add(question);
    const auto failures = netlink_.run([&](const nlmsghdr* header) { found = read_link(header); });
    for (const sdk::NetlinkFailure& failure : failures)
        if (failure.code != ENODEV) throw sdk::Netlink::error(failure, "look at link", name);
    return found;
}

std::optional<LinkFacts> HostLinks::find(const std::string& name) {
    if (name.empty() || name.size() >= ALTIFNAMSIZ) return std::nullopt;
    sdk::NetlinkMessage question = link_message(RTM_GETLINK, 0, 0);
    question.text(name.size() < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
    return ask(question, name);
}

std::optional<LinkFacts> HostLinks::find(unsigned index) {
    if (index == 0) return std::nullopt;
    return ask(link_message(RTM_GETLINK, 0, index), cat("index ", index));
}

std::optional<LinkFacts> HostLinks::find_in(int namespace_id, unsigned index) {
    std::optional<LinkFacts> found;
    netlink_.add(std::move(link_message(RTM_GETLINK, 0, index).number<int32_t>(IFLA_TARGET_NETNSID, namespace_id)));
    const auto failures = netlink_.run([&](const nlmsghdr* header) { found = read_link(header); });
    for (const sdk::NetlinkFailure& failure : failures)
        if (failure.code != ENODEV && failure.code != EINVAL)  // no such link, no such namespace
            throw sdk::Netlink::error(failure, "look into network namespace", cat("number ", namespace_id));
    return found;
}

std::optional<int> HostLinks::namespace_id(int net_namespace) {
    std::optional<int> id;
    sdk::NetlinkMessage question(RTM_GETNSID, 0);
    question.header(rtgenmsg{}).number<int32_t>(NETNSA_FD, net_namespace);
    netlink_.request(question, "ask for the number of", "the container's network namespace", [&](const nlmsghdr* header) {
        const auto answer = sdk::NetlinkAttribute::of<rtgenmsg>(header, NETNSA_NSID).as<int32_t>();
        if (answer != NETNSA_NSID_NOT_ASSIGNED) id = answer;
    });
    return id;
}

std::vector<LinkFacts> HostLinks::list() {
    std::vector<LinkFacts> links;
    netlink_.dump(link_message(RTM_GETLINK, NLM_F_DUMP, 0),
                  [&](const nlmsghdr* header) { links.push_back(read_link(header)); });
    return links;
}

std::vector<LinkFacts> HostLinks::ports(unsigned bridge) {
    std::vector<LinkFacts> links;
    sdk::NetlinkMessage question = link_message(RTM_GETLINK, NLM_F_DUMP, 0);
    netlink_.dump(question.number<uint32_t>(IFLA_MASTER, bridge), [&](const nlmsghdr* header) {
        LinkFacts facts = read_link(header);
        if (facts.master == bridge) links.push_back(std::move(facts));
    });
    return links;
}

unsigned HostLinks::index_of(const std::string& name) const {
    ifreq request = request_for(name);
    return asked(netlink_.fd(), SIOCGIFINDEX, request, name) ? static_cast<unsigned>(request.ifr_ifindex) : 0;
}

std::string HostLinks::name_of(unsigned index) const {
    ifreq request{};
    request.ifr_ifindex = static_cast<int>(index);
    return ::ioctl(netlink_.fd(), SIOCGIFNAME, &request) < 0 ? std::string() : std::string(request.ifr_name);
}

uint32_t HostLinks::mtu_of(const std::string& name) const {
    ifreq request = request_for(name);
    return asked(netlink_.fd(), SIOCGIFMTU, request, name) ? static_cast<uint32_t>(request.ifr_mtu) : 0;
}

void HostLinks::remove(unsigned index) {
    netlink_.add(link_message(RTM_DELLINK, 0, index));
    for (const sdk::NetlinkFailure& failure : netlink_.run())
        if (failure.code != ENODEV) throw sdk::Netlink::error(failure, "remove link", name_of(index));
}

}  // namespace keelson::net
