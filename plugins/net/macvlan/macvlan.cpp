// A second link with its own hardware address on one of the host's (ip-link(8), macvlan).
//
// It is made directly in the container's namespace: the host has no link to name, and when the namespace dies the link dies
// with it. So there is nothing to record and nothing to undo.
#include <plugins/net/common/device.hpp>
#include <plugins/net/common/ownership.hpp>

namespace {

using namespace keelson;

uint32_t mode_of(const std::string& word) {
    if (word == "vepa") return MACVLAN_MODE_VEPA;
    if (word == "bridge") return MACVLAN_MODE_BRIDGE;
    return word == "passthru" ? MACVLAN_MODE_PASSTHRU : MACVLAN_MODE_PRIVATE;
}

class Macvlan : public sdk::Network {
    uint32_t traits() const noexcept override { return abi::network_needs_link | abi::network_needs_root; }

    void check(const sdk::Context& context, const sdk::Device& device) override {
        net::HostLinks links;
        net::required_link(links, context, device);
        net::check_shared_keys(context, device);
    }

    void connect(const sdk::Context& context, const sdk::Device& device, const sdk::Namespaces& namespaces,
                 sdk::Link& link) override {
        net::HostLinks links;
        const net::LinkFacts parent = net::required_link(links, context, device);
        const std::string name = net::random_name("mc");
        sdk::NetlinkMessage message = net::link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
        message.text(IFLA_IFNAME, name).number<uint32_t>(IFLA_LINK, parent.index);
        message.number<int32_t>(IFLA_NET_NS_FD, namespaces.net());
        if (const auto mtu = net::number(context, device, "mtu")) message.number<uint32_t>(IFLA_MTU, *mtu);
        message.nest(IFLA_LINKINFO, [&](sdk::NetlinkMessage& info) {
            info.text(IFLA_INFO_KIND, "macvlan");
            info.nest(IFLA_INFO_DATA, [&](sdk::NetlinkMessage& data) {
                data.number<uint32_t>(IFLA_MACVLAN_MODE, mode_of(context.value("macvlan.mode")));
            });
        });
        links.netlink().request(message, "make a macvlan link on", parent.name);
        link.inside(name);
    }
};

}  // namespace

KEELSON_KEYS({"macvlan.mode", abi::KeyType::choice, 0, "private", "private vepa bridge passthru",
              "who may talk to whom among the macvlans of a link"});
KEELSON_NETWORK("macvlan", Macvlan, .version = "1.0", .summary = "a link of its own on one of the host's");
