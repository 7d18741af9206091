#include "shared_bridge.hpp"

#include "firewall.hpp"
#include "masqueraded.hpp"
#include "routes.hpp"

#include <plugins/net/common/ownership.hpp>

#include <linux/if.h>

namespace keelson::net {
namespace {

using sdk::IpAddress;

// "keelson:nat SUBNET [forward=0]": the last word when IPv4 forwarding was off before.
constexpr std::string_view tag = "keelson:nat";
constexpr std::string_view was_off = " forward=0";
constexpr const char* forwarding_file = "/proc/sys/net/ipv4/ip_forward";
constexpr uint32_t usual_mtu = 1500;

bool forwarding() {
    char value = '0';
    const UniqueFd file(::open(forwarding_file, O_RDONLY | O_CLOEXEC));
    if (!file || ::read(file.get(), &value, 1) != 1) throw Error::last("read", forwarding_file);
    return value != '0';
}

void set_forwarding(bool on) {
    const UniqueFd file(::open(forwarding_file, O_WRONLY | O_CLOEXEC));
    if (!file || ::write(file.get(), on ? "1" : "0", 1) != 1)
        throw Error::last("write", forwarding_file, "the host must be allowed to forward: is /proc/sys read-only here?");
}

/// Ours, though a process died before it could say so: the address that only Keelson gives, and no alias yet.
bool unmarked(const LinkFacts& link) { return link.alias.empty() && link.address[0] == 0x02 && link.address[1] == 'K'; }

bool ours(const LinkFacts& link) { return link.kind == "bridge" && (carries(link.alias, tag) || unmarked(link)); }

std::vector<LinkFacts> other_bridges(HostLinks& links, unsigned index) {
    std::vector<LinkFacts> found;
    for (LinkFacts& link : links.list())
        if (link.index != index && ours(link)) found.push_back(std::move(link));
    return found;
}

Pool pool_for(const std::string& wanted, const RouteFacts& routes) {
    if (!wanted.empty()) {
        const std::optional<IpAddress> subnet = IpAddress::parse(wanted);
        if (!subnet) throw Error(EINVAL, wanted, "not an IPv4 subnet");
        return Pool(*subnet);
    }
    if (std::optional<Pool> pool = free_pool(routes.destinations)) return *pool;
    throw Error(EADDRINUSE, "nat", "each subnet that could be used has a route on this host", "set lxc.net.N.nat.subnet");
}

}  // namespace

HardwareAddress hardware_address_for(const IpAddress& address) {
    return {0x02, 'K', address.bytes[0], address.bytes[1], address.bytes[2], address.bytes[3]};
}

SharedBridge SharedBridge::read(const LinkFacts& link) {
    SharedBridge bridge;
    bridge.link_ = link;
    if (!carries(link.alias, tag) || link.alias.size() == tag.size()) return bridge;
    std::string_view rest = std::string_view(link.alias).substr(tag.size() + 1);
    bridge.forwarding_was_off_ = rest.ends_with(was_off);
    rest = rest.substr(0, rest.find(' '));
    if (const std::optional<IpAddress> subnet = IpAddress::parse(rest)) bridge.pool_.emplace(*subnet);
    return bridge;
}

std::optional<SharedBridge> SharedBridge::find(HostLinks& links, const std::string& name) {
    const std::optional<LinkFacts> link = links.find(name);
    if (!link) return std::nullopt;
    if (!ours(*link))
        throw Error(EEXIST, name, "a link of this name exists, and Keelson did not make it",
                    "set lxc.net.N.nat.bridge to another name; to use a bridge of your own, lxc.net.N.type = veth");
    return read(*link);
}

SharedBridge SharedBridge::ensure(HostLinks& links, const std::string& name, const std::string& wanted) {
    std::optional<SharedBridge> bridge = find(links, name);
    if (bridge && bridge->pool_ && bridge->link_.up) {
        if (!wanted.empty() && pool_for(wanted, {}).text() != bridge->pool_->text())
            throw Error(EADDRINUSE, name, cat("the bridge has subnet ", bridge->pool_->text(), ", not ", wanted),
                        "stop its containers, or set lxc.net.N.nat.bridge to another name for another subnet");
        if (!is_masqueraded(bridge->pool_->gateway())) masquerade(bridge->pool_->text());
        return *bridge;
    }
    const RouteFacts routes = read_routes(links);
    if (!bridge) {
        const uint32_t mtu = routes.uplink == 0 ? usual_mtu : links.find(routes.uplink).value_or(LinkFacts{}).mtu;
        bridge = make(links, name, pool_for(wanted, routes), mtu != 0 ? mtu : usual_mtu);
    }
    if (!bridge->pool_) bridge->pool_ = pool_for(wanted, routes);
    bridge->finish(links);
    return *bridge;
}

SharedBridge SharedBridge::make(HostLinks& links, const std::string& name, const Pool& pool, uint32_t mtu) {
    sdk::NetlinkMessage message = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
    const HardwareAddress address = hardware_address_for(pool.gateway());
    message.text(IFLA_IFNAME, name).number<uint32_t>(IFLA_MTU, mtu).bytes(IFLA_ADDRESS, address.data(), address.size());
    message.nest(IFLA_LINKINFO, [](sdk::NetlinkMessage& info) { info.text(IFLA_INFO_KIND, "bridge"); });
    links.netlink().request(message, "make bridge", name);
    SharedBridge bridge;
    bridge.link_.index = links.index_of(name);
    bridge.link_.name = name;
    bridge.link_.mtu = mtu;
    bridge.pool_ = pool;
    return bridge;
}

void SharedBridge::mark(HostLinks& links) const {
    const std::string alias = cat(tag, " ", pool_->text(), forwarding_was_off_ ? was_off : "");
    sdk::NetlinkMessage message = link_message(RTM_SETLINK, 0, link_.index);
    message.bytes(IFLA_IFALIAS, alias.data(), alias.size());
    add_without_ipv6(message);
    links.netlink().request(message, "tag bridge", link_.name);
}

/// The bridge comes up last: that says that all the rest is there.
void SharedBridge::finish(HostLinks& links) {
    forwarding_was_off_ |= !forwarding();
    mark(links);
    masquerade(pool_->text());
    if (forwarding_was_off_) set_forwarding(true);
    const IpAddress gateway = pool_->gateway();
    sdk::NetlinkMessage address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
    ifaddrmsg header{};
    header.ifa_family = AF_INET;
    header.ifa_prefixlen = static_cast<unsigned char>(*gateway.prefix);
    header.ifa_index = link_.index;
    address.header(header).bytes(IFA_LOCAL, gateway.bytes.data(), gateway.size());
    address.bytes(IFA_ADDRESS, gateway.bytes.data(), gateway.size());
    links.netlink().request(address, cat("give address ", gateway.text(), " to"), link_.name);
    links.netlink().request(link_message(RTM_SETLINK, 0, link_.index, IFF_UP, IFF_UP), "bring up bridge", link_.name);
}

std::vector<IpAddress> SharedBridge::taken(HostLinks& links) const {
    std::vector<IpAddress> addresses;
    for (const LinkFacts& port : links.ports(link_.index)) {
        const size_t blank = port.alias.rfind(' ');
        if (blank == port.alias.npos) continue;
        if (const auto address = IpAddress::parse(std::string_view(port.alias).substr(blank + 1)))
            addresses.push_back(*address);
    }
    return addresses;
}

void SharedBridge::hand_over(HostLinks& links, const SharedBridge& heir) const {
    if (!forwarding_was_off_ || heir.forwarding_was_off_ || !heir.pool_) return;
    SharedBridge changed = heir;
    changed.forwarding_was_off_ = true;
    changed.mark(links);
}

void SharedBridge::remove_if_unused(HostLinks& links) const {
    if (!links.ports(link_.index).empty()) return;
    const std::vector<LinkFacts> others = other_bridges(links, link_.index);
    if (pool_) stop_masquerading(pool_->text(), others.empty());
    if (!others.empty())
        hand_over(links, read(others.front()));
    else if (forwarding_was_off_)
        set_forwarding(false);
    links.remove(link_.index);
}

}  // namespace keelson::net
