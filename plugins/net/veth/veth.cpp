// A pair of links, one end on the host and in a bridge, the other in the container (veth(4)).
#include "routing.hpp"

#include <plugins/net/common/device.hpp>
#include <plugins/net/common/l2proxy.hpp>
#include <plugins/net/common/ownership.hpp>
#include <plugins/net/common/pair.hpp>

namespace {

using namespace keelson;
using keelson::net::key_name;

bool routed(const sdk::Context& context) { return context.value("veth.mode") == "router"; }

std::string bridge_hint(const sdk::Device& device, const std::string& name) {
    if (name == "lxcbr0")
        return cat("lxcbr0 is made by Debian's lxc-net service: USE_LXC_BRIDGE=\"true\" in /etc/default/lxc-net; or set ",
                   key_name(device, "type"), " = nat, which needs no bridge");
    return cat("make it: ip link add name ", name, " type bridge && ip link set ", name, " up; or set ",
               key_name(device, "type"), " = nat, which needs none");
}

class Veth : public sdk::Network {
    uint32_t traits() const noexcept override { return abi::network_needs_root | abi::network_undo_at_leisure; }

    void check(const sdk::Context& context, const sdk::Device& device) override {
        net::number(context, device, "mtu");
        net::link_name(context, device, "veth.pair");
        net::check_name_inside(context, device);
        net::check_l2proxy(context, device);
        net::check_routes(context, device);
        const std::string name = context.value("link");
        if (name.empty() || routed(context)) return net::check_vlan(context, device, nullptr);
        net::HostLinks links;
        const std::optional<net::LinkFacts> bridge = links.find(name);
        if (!bridge) throw Error(ENODEV, name, "no such bridge on the host", bridge_hint(device, name));
        if (bridge->kind != "bridge")
            throw Error(ENOTSUP, name, cat("the link is ", bridge->kind.empty() ? "hardware" : bridge->kind, ", not a bridge"),
                        cat("set ", key_name(device, "link"), " to a bridge, or ", key_name(device, "type"),
                            " = macvlan to share ", name));
        net::check_vlan(context, device, &*bridge);
    }

    void connect(const sdk::Context& context, const sdk::Device& device, const sdk::Namespaces& namespaces,
                 sdk::Link& link) override {
        net::HostLinks links;
        net::PairRequest request;
        request.host_name = net::link_name(context, device, "veth.pair");
        if (request.host_name.empty()) request.host_name = net::random_name("veth");
        request.inside_name = net::random_name("veth");
        request.alias = net::ownership_tag(context);
        request.mtu = net::number(context, device, "mtu");
        request.rx_queues = net::number(context, device, "veth.n_rxqueues");
        request.tx_queues = net::number(context, device, "veth.n_txqueues");
        if (const std::string bridge = context.value("link"); !bridge.empty() && !routed(context)) {
            request.bridge = links.index_of(bridge);
            if (request.bridge == 0) throw Error(ENODEV, bridge, "no such bridge on the host", bridge_hint(device, bridge));
            if (!request.mtu) request.mtu = links.mtu_of(bridge);
        }
        net::start_l2proxy(links, context, device);
        const uint64_t record = context.intend(request.host_name);
        create(links, request, device, namespaces.net());
        net::set_vlan(links, context, device, request.host_name);
        net::add_routes(links, context, device, request.host_name);
        context.complete(record);
        link.inside(request.inside_name);
        link.on_host(request.host_name);
    }

    void undo(const sdk::Context& context, std::string_view record, const sdk::Namespaces&) override {
        net::HostLinks links;
        if (net::undo_l2proxy(links, record)) return;
        net::remove_owned(links, std::string(record), net::ownership_tag(context));
    }

    static void create(net::HostLinks& links, const net::PairRequest& request, const sdk::Device& device, int net_namespace) {
        for (bool waited = false;; waited = true) try {
                return net::make_pair(links, request, net_namespace);
            } catch (Error& error) {
                if (error.code() != EEXIST) throw;
                if (!waited && net::becomes_free(links, request.host_name)) continue;
                throw error.suggest(
                    cat("another link has this name: change ", key_name(device, "veth.pair"), ", or remove the link"));
            }
    }
};

}  // namespace

KEELSON_KEYS({"veth.pair", abi::KeyType::text, 0, "", "", "name of the host's end; vethXXXXXX if unset"},
             {"veth.mode", abi::KeyType::choice, 0, "bridge", "bridge router",
              "join the bridge `link`, or route to the host's end"},
             {"veth.n_rxqueues", abi::KeyType::number, 0, "", "1..4294967295", "receive queues of both ends"},
             {"veth.n_txqueues", abi::KeyType::number, 0, "", "1..4294967295", "transmit queues of both ends"},
             {"veth.ipv4.route", abi::KeyType::address4, abi::key_list, "", "prefix",
              "route on the host to the container, ADDRESS/PREFIX"},
             {"veth.ipv6.route", abi::KeyType::address6, abi::key_list, "", "prefix",
              "route on the host to the container, ADDRESS/PREFIX"},
             {"veth.vlan.id", abi::KeyType::number, 0, "", "0..4094 none",
              "untagged VLAN of the bridge's port; none: not even the default"},
             {"veth.vlan.tagged.id", abi::KeyType::number, abi::key_list, "", "0..4094", "tagged VLAN of the bridge's port"});
KEELSON_NETWORK("veth", Veth, .version = "1.0", .summary = "a pair of links, the host's end in a bridge or routed");
