#include "upper_link.hpp"

#include "l2proxy.hpp"
#include "ownership.hpp"

#include <keelson/sdk/patience.hpp>

namespace keelson::net {
namespace {

/// By a vlan of the same number (EEXIST), links of another type (EBUSY), a macvlan in passthru mode (EINVAL).
bool refused_for_another(const Error& error) {
    return error.code() == EEXIST || error.code() == EBUSY || error.code() == EINVAL;
}

}  // namespace

void UpperLink::check(const sdk::Context& context, const sdk::Device& device) {
    HostLinks links;
    required_link(links, context, device);
    check_name_inside(context, device);
    check_l2proxy(context, device);
    creation(context, device, kind_.prefix);
}

sdk::NetlinkMessage UpperLink::creation(const sdk::Context& context, const sdk::Device& device, const std::string& name) const {
    sdk::NetlinkMessage message = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
    message.text(IFLA_IFNAME, name);
    if (const auto mtu = number(context, device, "mtu")) message.number<uint32_t>(IFLA_MTU, *mtu);
    message.nest(IFLA_LINKINFO, [&](sdk::NetlinkMessage& info) {
        info.text(IFLA_INFO_KIND, kind_.name);
        info.nest(IFLA_INFO_DATA, [&](sdk::NetlinkMessage& data) { describe(context, device, data); });
    });
    return message;
}

/// A link that excludes this one may be that of a container that has ended, and then goes within milliseconds.
void UpperLink::make(HostLinks& links, const sdk::NetlinkMessage& message, const std::string& parent) const try {
    const auto request = [&] { links.netlink().request(message, cat("make a ", kind_.name, " link on"), parent); };
    const auto made = [&] {
        try {
            request();
            return true;
        } catch (const Error& error) {
            if (!refused_for_another(error)) throw;
            return false;
        }
    };
    if (!sdk::comes_true(sdk::patience_with_the_ended, made)) request();
} catch (Error& error) {
    if (error.code() != EOPNOTSUPP) throw;
    throw error.suggest(cat("the kernel has no links of this type: modprobe ", kind_.module));
}

void UpperLink::connect(const sdk::Context& context, const sdk::Device& device, const sdk::Namespaces& namespaces,
                        sdk::Link& link) {
    HostLinks links;
    const LinkFacts parent = required_link(links, context, device);
    const std::string name = random_name(kind_.prefix);
    sdk::NetlinkMessage message = creation(context, device, name);
    message.number<uint32_t>(IFLA_LINK, parent.index).number<int32_t>(IFLA_NET_NS_FD, namespaces.net());
    start_l2proxy(links, context, device, answers_need_routes());
    if (kind_.once) {
        const uint64_t record = context.intend(name);
        make(links, message, parent.name);
        tag(namespaces.net(), name, cat(ownership_tag(context), " ", name));
        context.complete(record);
    } else {
        make(links, message, parent.name);
    }
    link.inside(name);
}

void UpperLink::tag(int net_namespace, const std::string& name, const std::string& alias) {
    HostLinks inside(net_namespace);
    sdk::NetlinkMessage message = link_message(RTM_SETLINK, 0, inside.index_of(name));
    inside.netlink().request(message.text(IFLA_IFALIAS, alias), "tag link", name);
}

void UpperLink::undo(const sdk::Context& context, std::string_view record, const sdk::Namespaces& namespaces) {
    HostLinks links;
    if (undo_l2proxy(links, record, answers_need_routes()) || namespaces.net() < 0) return;
    HostLinks inside(namespaces.net());
    const std::string alias = cat(ownership_tag(context), " ", record);
    for (const LinkFacts& link : inside.list())
        if (link.kind == kind_.name && link.alias == alias) inside.remove(link.index);
}

uint32_t UpperLink::traits() const noexcept {
    return abi::network_needs_link | abi::network_needs_root | (kind_.once ? abi::network_undo_needs_namespace : 0U);
}

}  // namespace keelson::net
