#include <kernel/base/text.hpp>
#include <kernel/network/plan.hpp>

#include <linux/if.h>

#include <algorithm>
#include <charconv>

namespace keelson::network {
namespace {

using sdk::IpAddress;

/// The keys of one lxc.net.N.
class DeviceKeys {
public:
    DeviceKeys(const config::Config& config, unsigned device) : config_(config), prefix_(cat("lxc.net.", device, ".")) {}
    std::string name(std::string_view key) const { return cat(prefix_, key); }
    std::string get(std::string_view key) const { return config_.get(name(key)); }
    std::vector<std::string> list(std::string_view key) const { return config_.list(name(key)); }

private:
    const config::Config& config_;
    std::string prefix_;
};

/// RFC 791's classes, for addresses without a prefix.
unsigned class_prefix(const IpAddress& address) {
    if (address.bytes[0] < 128) return 8;
    return address.bytes[0] < 192 ? 16 : address.bytes[0] < 224 ? 24 : 32;
}

std::optional<IpAddress> broadcast_of(const IpAddress& address) {
    if (address.family != AF_INET || *address.prefix > 30) return std::nullopt;
    return IpAddress::from_number(address.number() | (0xffffffffU >> *address.prefix));
}

std::optional<uint32_t> wanted_mtu(const DeviceKeys& keys) {
    const std::string text = keys.get("mtu");
    if (text.empty()) return std::nullopt;
    const std::optional<uint64_t> number = base::parse_unsigned(text);
    if (!number || *number > UINT32_MAX) throw Error(EINVAL, keys.name("mtu"), cat("\"", text, "\" is not a number"));
    return static_cast<uint32_t>(*number);
}

void plan_addresses(LinkPlan& plan, const DeviceKeys& keys, const HandedLink& link) {
    const auto add = [&](const std::string& text, const std::string& from, int family) {
        std::optional<AddressPlan> address = parse_address(text);
        if (!address || (family != 0 && address->address.family != family))
            throw Error(EINVAL, from, cat("\"", text, "\" is not an address"), "write ADDRESS/PREFIX, such as 10.0.3.7/24");
        plan.addresses.push_back(*address);
    };
    for (const std::string& text : keys.list("ipv4.address")) add(text, keys.name("ipv4.address"), AF_INET);
    for (const std::string& text : keys.list("ipv6.address")) add(text, keys.name("ipv6.address"), AF_INET6);
    for (const std::string& text : link.addresses) add(text, plan.object(), 0);
}

/// What is configured, else what the plugin handed over for this family; empty: no gateway.
std::string wanted_gateway(const DeviceKeys& keys, const std::string& key, int family, const HandedLink& link) {
    std::string text = keys.get(key);
    if (!text.empty()) return text;
    const std::optional<IpAddress> handed = IpAddress::parse(link.gateway);
    return handed && handed->family == family ? link.gateway : std::string();
}

void check_gateway(const LinkPlan& plan, const GatewayPlan& gateway, const std::string& key) {
    const std::string family = gateway.family == AF_INET ? "ipv4" : "ipv6";
    if (!plan.up)
        throw Error(ENETDOWN, key, "a gateway needs a link that is up", cat("set lxc.net.", plan.device, ".flags = up"));
    const bool has_address = std::any_of(plan.addresses.begin(), plan.addresses.end(),
                                         [&](const AddressPlan& a) { return a.address.family == gateway.family; });
    const bool on_link = gateway.family == AF_INET6 && gateway.address && gateway.address->link_local();
    if (!has_address && !on_link)
        throw Error(EADDRNOTAVAIL, key, "a gateway needs an address of its family on the link",
                    cat("set lxc.net.", plan.device, ".", family, ".address, or leave the gateway to DHCP"));
}

void plan_gateway(LinkPlan& plan, const DeviceKeys& keys, const HandedLink& link, const AutoGateway* found, int family) {
    const std::string key = family == AF_INET ? "ipv4.gateway" : "ipv6.gateway";
    std::string text = wanted_gateway(keys, key, family, link);
    if (text.empty()) return;
    if (text == "auto") text = found == nullptr ? std::string() : family == AF_INET ? found->ipv4 : found->ipv6;
    GatewayPlan gateway{family, std::nullopt};
    if (text != "dev") {
        gateway.address = IpAddress::parse(text);
        if (!gateway.address || gateway.address->family != family || gateway.address->prefix)
            throw Error(EINVAL, keys.name(key), cat("\"", text, "\" is not an address of a gateway"));
    }
    check_gateway(plan, gateway, keys.name(key));
    plan.gateways.push_back(gateway);
}

LinkPlan plan_link(const config::Config& config, const HandedLink& link, const std::vector<AutoGateway>& gateways) {
    const DeviceKeys keys(config, link.index);
    LinkPlan plan;
    plan.device = link.index;
    plan.name_now = link.name_inside;
    plan.name = keys.get("name").substr(0, IFNAMSIZ - 1);
    if (plan.name.empty()) plan.name = link.preferred_name.empty() ? "eth%d" : link.preferred_name;
    if (const std::string text = keys.get("hwaddr"); !text.empty()) {
        plan.hardware_address = parse_hardware_address(text);
        if (!plan.hardware_address)
            throw Error(EINVAL, keys.name("hwaddr"), cat("\"", text, "\" is not a hardware address"),
                        "write aa:bb:cc:dd:ee:ff");
    }
    plan.mtu = wanted_mtu(keys);
    plan_addresses(plan, keys, link);
    // What a plugin gives an address or a gateway to is meant to work without a further key.
    plan.up = !keys.get("flags").empty() || !link.addresses.empty() || !link.gateway.empty();
    const auto found =
        std::find_if(gateways.begin(), gateways.end(), [&](const AutoGateway& g) { return g.index == link.index; });
    const AutoGateway* automatic = found == gateways.end() ? nullptr : &*found;
    plan_gateway(plan, keys, link, automatic, AF_INET);
    plan_gateway(plan, keys, link, automatic, AF_INET6);
    return plan;
}

}  // namespace

std::optional<AddressPlan> parse_address(std::string_view text) {
    const std::vector<std::string_view> words = base::words(text);
    if (words.empty() || words.size() > 2) return std::nullopt;
    std::optional<IpAddress> address = IpAddress::parse(words[0]);
    if (!address) return std::nullopt;
    if (!address->prefix) address->prefix = address->family == AF_INET ? class_prefix(*address) : 64;
    AddressPlan plan{*address, broadcast_of(*address)};
    if (words.size() == 2) {
        plan.broadcast = IpAddress::parse(words[1]);
        if (address->family != AF_INET || !plan.broadcast || plan.broadcast->family != AF_INET) return std::nullopt;
    }
    return plan;
}

std::optional<std::array<unsigned char, 6>> parse_hardware_address(std::string_view text) {
    std::array<unsigned char, 6> address{};
    if (text.size() != 17) return std::nullopt;
    for (size_t i = 0; i < address.size(); ++i) {
        const char* start = text.data() + 3 * i;
        const auto [end, error] = std::from_chars(start, start + 2, address[i], 16);
        if (error != std::errc() || end != start + 2 || (i < 5 && *end != ':')) return std::nullopt;
    }
    return address;
}

NetworkPlan plan_network(const config::Config& config, const std::vector<HandedLink>& links,
                         const std::vector<AutoGateway>& gateways) {
    NetworkPlan plan;
    for (const HandedLink& link : links) {
        if (!config.get(cat("lxc.net.", link.index, ".flags")).empty()) plan.loopback_up = true;
        if (link.name_inside.empty()) continue;
        plan.links.push_back(plan_link(config, link, gateways));
        plan.loopback_up |= plan.links.back().up;
    }
    const auto named = [](const LinkPlan& link) { return link.name.find('%') == std::string::npos; };
    std::stable_sort(plan.links.begin(), plan.links.end(),
                     [&](const LinkPlan& a, const LinkPlan& b) { return named(a) && !named(b); });
    return plan;
}

}  // namespace keelson::network
