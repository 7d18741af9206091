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

/// What the alias of a bridge says; no value: nothing yet.
std::optional<Pool> pool_of(const LinkFacts& bridge) {
    if (!carries(bridge.alias, tag) || bridge.alias.size() == tag.size()) return std::nullopt;
    const std::string_view rest = std::string_view(bridge.alias).substr(tag.size() + 1);
    const std::optional<IpAddress> subnet = IpAddress::parse(rest.substr(0, rest.find(' ')));
    return subnet ? std::optional(Pool(*subnet)) : std::nullopt;
}

Pool parse_pool(const std::string& wanted) {
    const std::optional<IpAddress> subnet = IpAddress::parse(wanted);
    if (!subnet) throw Error(EINVAL, wanted, "not an IPv4 subnet");
    return Pool(*subnet);
}

/// A wider route to a router leads to what no narrower one leads to: whoever gives a part of it to containers may mean that.
bool is_in_the_way(const Route& route, const Pool& pool) {
    return pool.overlaps(route.to) && (route.direct || *route.to.prefix >= *pool.gateway().prefix);
}

/// Two links of one subnet, and the host answers on one for what is on the other; the first of two bridges that goes would take
/// the masquerading of both.
void expect_free(HostLinks& links, const Pool& pool, const RouteFacts& facts, unsigned bridge) {
    constexpr const char* other_subnet = "lxc.net.N.nat.subnet to one that overlaps no route (ip route), or leave it out";
    for (const LinkFacts& other : other_bridges(links, bridge))
        if (const std::optional<Pool> theirs = pool_of(other); theirs && pool.overlaps(theirs->gateway()))
            throw Error(EADDRINUSE, pool.text(), cat("the bridge ", other.name, " has ", theirs->text(), ", which overlaps"),
                        cat("set lxc.net.N.nat.bridge = ", other.name, " to share it, or ", other_subnet));
    for (const Route& route : facts.routes)
        if (is_in_the_way(route, pool))
            throw Error(EADDRINUSE, pool.text(),
                        cat("the host's route to ", route.to.text(), "/", *route.to.prefix, " over ", links.name_of(route.link),
                            " overlaps"),
                        cat("set ", other_subnet));
}

Pool pool_for(HostLinks& links, const std::string& wanted, const RouteFacts& facts, unsigned bridge) {
    if (!wanted.empty()) {
        const Pool pool = parse_pool(wanted);
        expect_free(links, pool, facts, bridge);
        return pool;
    }
    std::vector<IpAddress> taken = facts.destinations();
    for (const LinkFacts& other : other_bridges(links, bridge))  // one that is down has no route
        if (const std::optional<Pool> theirs = pool_of(other)) taken.push_back(theirs->gateway());
    if (std::optional<Pool> pool = free_pool(taken)) return *pool;
    throw Error(EADDRINUSE, "nat", "each subnet that could be used has a route on this host", "set lxc.net.N.nat.subnet");
}

}  // namespace

HardwareAddress hardware_address_for(const IpAddress& address) {
    return {0x02, 'K', address.bytes[0], address.bytes[1], address.bytes[2], address.bytes[3]};
}

SharedBridge SharedBridge::read(const LinkFacts& link) {
    SharedBridge bridge;
    bridge.link_ = link;
    bridge.pool_ = pool_of(link);
    bridge.forwarding_was_off_ = carries(link.alias, tag) && link.alias.ends_with(was_off);
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
    if (bridge && bridge->pool_ && !wanted.empty() && parse_pool(wanted).text() != bridge->pool_->text())
        throw Error(EADDRINUSE, name, cat("the bridge has subnet ", bridge->pool_->text(), ", not ", wanted),
                    "stop its containers, or set lxc.net.N.nat.bridge to another name for another subnet");
    if (bridge && bridge->pool_ && bridge->link_.up) {
        if (!is_masqueraded(bridge->pool_->gateway())) masquerade(bridge->pool_->text());
        return *bridge;
    }
    const unsigned index = bridge ? bridge->index() : 0;
    const RouteFacts facts = read_routes(links, index);
    if (!bridge) {
        const uint32_t mtu = facts.uplink == 0 ? usual_mtu : links.find(facts.uplink).value_or(LinkFacts{}).mtu;
        bridge = make(links, name, pool_for(links, wanted, facts, index), mtu != 0 ? mtu : usual_mtu);
    }
    if (!bridge->pool_) bridge->pool_ = pool_for(links, wanted, facts, index);
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

std::string SharedBridge::record() const { return cat(pool_->text(), forwarding_was_off_ ? was_off : ""); }

std::optional<SharedBridge> SharedBridge::find_of_pool(HostLinks& links, const Pool& pool) {
    for (const LinkFacts& bridge : other_bridges(links, 0))
        if (const std::optional<Pool> its = pool_of(bridge); its && its->text() == pool.text()) return read(bridge);
    return std::nullopt;
}

std::optional<SharedBridge> SharedBridge::find_recorded(HostLinks& links, const std::string& name, const std::string& record) {
    std::optional<LinkFacts> named = links.find(name);
    if (named && !ours(*named)) named.reset();
    if (record.empty()) return named ? std::optional(read(*named)) : std::nullopt;
    SharedBridge recorded;
    recorded.pool_ = parse_pool(record.substr(0, record.find(' ')));
    recorded.forwarding_was_off_ = record.ends_with(was_off);
    std::optional<SharedBridge> found = named ? read(*named) : find_of_pool(links, *recorded.pool_);
    if (!found) return is_masqueraded(recorded.pool_->gateway()) ? std::optional(recorded) : std::nullopt;
    recorded.hand_over(links, *found);
    found->forwarding_was_off_ |= recorded.forwarding_was_off_;
    return found;
}

void SharedBridge::mark(HostLinks& links) const {
    const std::string alias = cat(tag, " ", record());
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
    const bool removed = link_.index == 0;
    if (!removed && !links.ports(link_.index).empty()) return;
    const std::vector<LinkFacts> others = other_bridges(links, link_.index);
    if (pool_) stop_masquerading(pool_->text(), others.empty());
    if (!others.empty())
        hand_over(links, read(others.front()));
    else if (forwarding_was_off_)
        set_forwarding(false);
    if (!removed) links.remove(link_.index);
}

}  // namespace keelson::net
