// Keelson's own network: an address, a route and name servers without any set-up on the host.
//
// The first container makes the bridge, the masquerading and the forwarding, the last one takes them back.
#include "resolvers.hpp"
#include "shared_bridge.hpp"

#include <plugins/net/common/device.hpp>
#include <plugins/net/common/l2proxy.hpp>
#include <plugins/net/common/network_lock.hpp>
#include <plugins/net/common/ownership.hpp>
#include <plugins/net/common/pair.hpp>

namespace {

using namespace keelson;
using keelson::sdk::IpAddress;

constexpr const char* usual_bridge = "keelson0";

std::string bridge_name(const sdk::Context& context, const sdk::Device& device) {
    const std::string name = net::link_name(context, device, "nat.bridge");
    return name.empty() ? usual_bridge : name;
}

/// "BRIDGE HOSTLINK", and what is recorded of the bridge once it stands.
struct Record {
    std::string bridge, host_link, of_bridge;

    std::string text() const { return cat(bridge, " ", host_link, of_bridge.empty() ? "" : " ", of_bridge); }
    static Record parse(std::string_view text) {
        const size_t first = text.find(' ');
        if (first == text.npos) throw Error(EINVAL, std::string(text), "not a record of a nat network");
        const size_t second = std::min(text.find(' ', first + 1), text.size());
        return {std::string(text.substr(0, first)), std::string(text.substr(first + 1, second - first - 1)),
                std::string(text.substr(std::min(second + 1, text.size())))};
    }
};

/// The address that lxc.net.N.ipv4.address fixes, if any.
std::optional<IpAddress> fixed_address(const sdk::Context& context, const sdk::Device& device) {
    const std::vector<std::string> configured = context.list("ipv4.address");
    if (configured.empty()) return std::nullopt;
    std::optional<IpAddress> address = IpAddress::parse(std::string_view(configured[0]).substr(0, configured[0].find(' ')));
    if (address) return address;
    throw Error(EINVAL, net::key_name(device, "ipv4.address"), cat("\"", configured[0], "\" is not an address"));
}

class Nat : public sdk::Network {
    uint32_t traits() const noexcept override { return abi::network_needs_root | abi::network_undo_at_leisure; }

    void check(const sdk::Context& context, const sdk::Device& device) override {
        fixed_address(context, device);
        net::check_name_inside(context, device);
        net::number(context, device, "mtu");
        net::refuse_l2proxy(context, device);
        for (const std::string& text : context.list("nat.resolver"))
            if (!IpAddress::parse(text))
                throw Error(EINVAL, net::key_name(device, "nat.resolver"), cat("\"", text, "\" is not an address"));
        if (const std::string text = context.value("nat.subnet"); !text.empty()) {
            const std::optional<IpAddress> subnet = IpAddress::parse(text);
            if (!subnet)
                throw Error(EINVAL, net::key_name(device, "nat.subnet"), cat("\"", text, "\" is not a subnet"),
                            "such as 10.93.0.0/24");
            net::Pool{*subnet};
        }
        net::HostLinks links;
        net::SharedBridge::find(links, bridge_name(context, device));
    }

    void connect(const sdk::Context& context, const sdk::Device& device, const sdk::Namespaces& namespaces,
                 sdk::Link& link) override {
        Record record{bridge_name(context, device), net::random_name("veth"), {}};
        const net::NetworkLock lock;
        net::HostLinks links;
        const uint64_t id = context.intend(record.text());
        const net::SharedBridge bridge = net::SharedBridge::ensure(links, record.bridge, context.value("nat.subnet"));
        const std::optional<IpAddress> fixed = fixed_address(context, device);
        const IpAddress address = choose(context, device, links, bridge, fixed);
        make_pair(context, device, links, bridge, record.host_link, address, namespaces.net(), link);
        record.of_bridge = bridge.record();
        context.complete(id, record.text());
        if (!fixed) link.address(cat(address.text(), "/", *address.prefix));
        link.gateway(bridge.pool().gateway().text());
        tell_resolvers(context, device, link);
    }

    void undo(const sdk::Context& context, std::string_view text, const sdk::Namespaces&) override {
        const Record record = Record::parse(text);
        net::HostLinks links;
        net::remove_owned(links, record.host_link, net::ownership_tag(context));
        const net::NetworkLock lock;
        const auto bridge = net::SharedBridge::find_recorded(links, record.bridge, record.of_bridge);
        if (bridge) bridge->remove_if_unused(links);
    }

    static IpAddress choose(const sdk::Context& context, const sdk::Device& device, net::HostLinks& links,
                            const net::SharedBridge& bridge, const std::optional<IpAddress>& fixed) {
        const std::vector<IpAddress> taken = bridge.taken(links);
        if (!fixed) {
            const std::string owner = cat(context.lxcpath(), "/", context.name(), "#", device.index);
            if (const std::optional<IpAddress> address = bridge.pool().choose(owner, taken)) return *address;
            throw Error(EADDRNOTAVAIL, bridge.pool().text(), "no address of the subnet is free",
                        cat("set ", net::key_name(device, "nat.subnet"), " to a larger one, with a bridge of its own"));
        }
        const std::string key = net::key_name(device, "ipv4.address");
        if (!bridge.pool().contains(*fixed))
            throw Error(EINVAL, key, cat(fixed->text(), " is not in ", bridge.pool().text(), ", the subnet of the bridge"),
                        cat("set ", net::key_name(device, "nat.subnet"), ", or leave the address out"));
        for (const IpAddress& other : taken)
            if (other.bytes == fixed->bytes) throw Error(EADDRINUSE, key, cat("another container has ", fixed->text()));
        return *fixed;
    }

    static void make_pair(const sdk::Context& context, const sdk::Device& device, net::HostLinks& links,
                          const net::SharedBridge& bridge, const std::string& host_link, const IpAddress& address,
                          int net_namespace, sdk::Link& link) {
        net::PairRequest request;
        request.host_name = host_link;
        request.inside_name = net::random_name("veth");
        request.alias = cat(net::ownership_tag(context), " ", address.text());
        request.bridge = bridge.index();
        request.mtu = net::number(context, device, "mtu").value_or(bridge.mtu());
        request.inside_address = net::hardware_address_for(address);
        net::make_pair(links, request, net_namespace);
        link.inside(request.inside_name);
        link.on_host(request.host_name);
    }

    static void tell_resolvers(const sdk::Context& context, const sdk::Device& device, sdk::Link& link) {
        std::vector<std::string> servers = context.list("nat.resolver");
        if (servers.empty()) servers = net::host_name_servers();
        if (servers.empty())
            context.warn(cat("the host's name servers answer only the host itself, so the container gets none: set ",
                             net::key_name(device, "nat.resolver")));
        for (const std::string& server : servers) link.resolver(server);
    }
};

}  // namespace

KEELSON_KEYS({"nat.bridge", abi::KeyType::text, 0, "keelson0", "", "name of the bridge, made when it is needed"},
             {"nat.subnet", abi::KeyType::address4, 0, "", "prefix",
              "IPv4 subnet of the bridge; the first free of Keelson's own if unset"},
             {"nat.resolver", abi::KeyType::text, abi::key_list, "", "", "name server of the container; the host's if unset"});
KEELSON_NETWORK("nat", Nat, .version = "1.0",
                .summary = "Keelson's own bridge, with address, route, name servers and masquerading");
