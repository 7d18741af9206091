#include "routing.hpp"

#include <plugins/net/common/device.hpp>

#include <linux/if_bridge.h>

namespace keelson::net {
namespace {

/// The VLANs that the keys ask for.
struct Wanted {
    bool any = false;
    bool no_default = false;
    std::optional<unsigned> untagged;
    std::vector<unsigned> tagged;
};

Wanted wanted_vlans(const sdk::Context& context, const sdk::Device& device) {
    Wanted wanted;
    if (const std::string text = context.value("veth.vlan.id"); !text.empty()) {
        wanted.no_default = true;
        if (text != "none") wanted.untagged = parse_number(device, "veth.vlan.id", text, 0);
    }
    for (const std::string& text : context.list("veth.vlan.tagged.id")) {
        wanted.tagged.push_back(parse_number(device, "veth.vlan.tagged.id", text, 0));
        if (wanted.tagged.back() == wanted.untagged)
            throw Error(EINVAL, key_name(device, "veth.vlan.tagged.id"), cat("VLAN ", text, " is veth.vlan.id as well"),
                        "a VLAN of a port is tagged or untagged, not both");
    }
    wanted.any = wanted.no_default || !wanted.tagged.empty();
    return wanted;
}

sdk::NetlinkMessage vlan_message(int type, unsigned port, unsigned vlan, uint16_t flags) {
    sdk::NetlinkMessage message(type, 0);
    ifinfomsg header{};
    header.ifi_family = AF_BRIDGE;
    header.ifi_index = static_cast<int>(port);
    message.header(header).nest(IFLA_AF_SPEC, [&](sdk::NetlinkMessage& specification) {
        const bridge_vlan_info info{flags, static_cast<uint16_t>(vlan)};
        specification.bytes(IFLA_BRIDGE_VLAN_INFO, &info, sizeof info);
    });
    return message;
}

}  // namespace

void check_vlan(const sdk::Context& context, const sdk::Device& device, const LinkFacts* bridge) {
    if (!wanted_vlans(context, device).any) return;
    if (bridge == nullptr)
        throw Error(EINVAL, key_name(device, "veth.vlan"), "VLANs are a bridge's, and this device joins none",
                    cat("set ", key_name(device, "link"), " to a bridge and ", key_name(device, "veth.mode"), " = bridge"));
    if (!bridge->vlan_filtering)
        throw Error(ENOTSUP, bridge->name, "the bridge does not filter VLANs",
                    cat("ip link set ", bridge->name, " type bridge vlan_filtering 1"));
}

void set_vlan(HostLinks& links, const sdk::Context& context, const sdk::Device& device, const std::string& port) {
    const Wanted wanted = wanted_vlans(context, device);
    if (!wanted.any) return;
    const std::optional<LinkFacts> bridge = links.find(context.value("link"));
    check_vlan(context, device, bridge ? &*bridge : nullptr);
    const unsigned index = links.index_of(port);
    const unsigned standard = bridge->default_pvid;
    const auto change = [&](int type, unsigned vlan, uint16_t flags) {
        links.netlink().request(vlan_message(type, index, vlan, flags), cat("set VLAN ", vlan, " of"), port);
    };
    if (wanted.no_default && standard != 0 && wanted.untagged != standard) change(RTM_DELLINK, standard, 0);
    if (wanted.untagged) change(RTM_SETLINK, *wanted.untagged, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
    for (const unsigned vlan : wanted.tagged) change(RTM_SETLINK, vlan, 0);
}

}  // namespace keelson::net
