#include "upper_link.hpp"

#include "l2proxy.hpp"
#include "ownership.hpp"

namespace keelson::net {

void UpperLink::check(const sdk::Context& context, const sdk::Device& device) {
    HostLinks links;
    required_link(links, context, device);
    check_l2proxy(context, device);
    creation(context, device, name_prefix_);
}

sdk::NetlinkMessage UpperLink::creation(const sdk::Context& context, const sdk::Device& device, const std::string& name) const {
    sdk::NetlinkMessage message = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
    message.text(IFLA_IFNAME, name);
    if (const auto mtu = number(context, device, "mtu")) message.number<uint32_t>(IFLA_MTU, *mtu);
    message.nest(IFLA_LINKINFO, [&](sdk::NetlinkMessage& info) {
        info.text(IFLA_INFO_KIND, kind_);
        info.nest(IFLA_INFO_DATA, [&](sdk::NetlinkMessage& data) { describe(context, device, data); });
    });
    return message;
}

void UpperLink::connect(const sdk::Context& context, const sdk::Device& device, const sdk::Namespaces& namespaces,
                        sdk::Link& link) {
    HostLinks links;
    const LinkFacts parent = required_link(links, context, device);
    const std::string name = random_name(name_prefix_);
    sdk::NetlinkMessage message = creation(context, device, name);
    message.number<uint32_t>(IFLA_LINK, parent.index).number<int32_t>(IFLA_NET_NS_FD, namespaces.net());
    start_l2proxy(links, context, device, answers_need_routes());
    try {
        links.netlink().request(message, cat("make a ", kind_, " link on"), parent.name);
    } catch (Error& error) {
        if (error.code() != EOPNOTSUPP) throw;
        throw error.suggest(cat("the kernel has no links of this type: modprobe ", module_));
    }
    link.inside(name);
}

void UpperLink::undo(const sdk::Context&, std::string_view record, const sdk::Namespaces&) {
    HostLinks links;
    if (!undo_l2proxy(links, record)) throw Error(EINVAL, std::string(record), cat("not a record of a ", kind_));
}

}  // namespace keelson::net
