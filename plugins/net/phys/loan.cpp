#include "loan.hpp"

#include <plugins/net/common/ownership.hpp>

#include <linux/if.h>

#include <charconv>

namespace keelson::net {
namespace {

constexpr char separator = '\n';

void add_field(std::string& text, std::string_view value) {
    text += value;
    text += separator;
}

/// Takes the next field off the front.
std::string_view field(std::string_view& rest) {
    const size_t end = rest.find(separator);
    if (end == rest.npos) throw Error(EINVAL, std::string(rest), "not a record of a lent link");
    const std::string_view value = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return value;
}

uint32_t number_field(std::string_view& rest) {
    const std::string_view text = field(rest);
    uint32_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
        throw Error(EINVAL, std::string(text), "not a number in the record of a lent link");
    return value;
}

/// RTM_NEWLINKPROP or RTM_DELLINKPROP.
sdk::NetlinkMessage alternative_names(int type, unsigned index, const std::vector<std::string>& names) {
    sdk::NetlinkMessage message =
        link_message(type, type == RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND : 0, index);
    message.nest(IFLA_PROP_LIST, [&](sdk::NetlinkMessage& list) {
        for (const std::string& name : names) list.text(IFLA_ALT_IFNAME, name);
    });
    return message;
}

/// A link can be renamed while it is up only by newer kernels, so it goes down.
sdk::NetlinkMessage renaming(unsigned index, const std::string& name) {
    return std::move(link_message(RTM_SETLINK, 0, index, 0, IFF_UP).text(IFLA_IFNAME, name));
}

sdk::NetlinkMessage moving(unsigned index, int net_namespace, const std::string& name) {
    sdk::NetlinkMessage message = link_message(RTM_SETLINK, 0, index);
    return std::move(message.number<int32_t>(IFLA_NET_NS_FD, net_namespace).text(IFLA_IFNAME, name));
}

/// Name and tag in one request, so that the link never stands unmarked under a name that is not its own.
sdk::NetlinkMessage dressing(unsigned index, const std::string& name, const std::string& tag) {
    return std::move(renaming(index, name).bytes(IFLA_IFALIAS, tag.data(), tag.size()));
}

/// The link on the host, while it is not yet restored.
std::optional<LinkFacts> at_home(HostLinks& links, const Loan& loan) {
    if (std::optional<LinkFacts> found = links.find(loan.transient_name)) return found;
    for (LinkFacts& candidate : links.list())
        if (candidate.alias == loan.tag) return candidate;
    return std::nullopt;
}

}  // namespace

std::string Loan::text() const {
    std::string text;
    for (const std::string& part : {link.name, transient_name, tag, link.alias}) add_field(text, part);
    for (const uint32_t part : {link.index, index_inside, link.mtu, uint32_t{link.up}}) add_field(text, cat(part));
    for (const std::string& name : link.alternative_names) add_field(text, name);
    return text;
}

Loan Loan::parse(std::string_view text) {
    Loan loan;
    loan.link.name = field(text);
    loan.transient_name = field(text);
    loan.tag = field(text);
    loan.link.alias = field(text);
    loan.link.index = number_field(text);
    loan.index_inside = number_field(text);
    loan.link.mtu = number_field(text);
    loan.link.up = number_field(text) != 0;
    while (!text.empty()) loan.link.alternative_names.emplace_back(field(text));
    return loan;
}

void Loan::lend(HostLinks& links, std::optional<uint32_t> mtu, int net_namespace) const {
    sdk::Netlink& netlink = links.netlink();
    sdk::NetlinkMessage dressed = dressing(link.index, transient_name, tag);
    if (mtu) dressed.number<uint32_t>(IFLA_MTU, *mtu);
    netlink.request(dressed, "rename and tag link", link.name);
    if (!link.alternative_names.empty())
        netlink.request(alternative_names(RTM_DELLINKPROP, link.index, link.alternative_names), "take alternative names from",
                        link.name);
    netlink.request(moving(link.index, net_namespace, transient_name), "move into the container link", link.name);
}

void Loan::fetch(HostLinks& links, int net_namespace) const {
    if (at_home(links, *this)) return;
    HostLinks inside(net_namespace);
    const std::optional<LinkFacts> lent = inside.find(index_inside != 0 ? index_inside : inside.index_of(transient_name));
    if (!lent) return;
    const UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!home) throw Error::last("open", "/proc/thread-self/ns/net");
    // A name that nobody inside knows: another link there may have the transient one by now.
    const std::string name = random_name("phys");
    if (!lent->alternative_names.empty())
        inside.netlink().request(alternative_names(RTM_DELLINKPROP, lent->index, lent->alternative_names),
                                 "clear the names in the container of", link.name);
    inside.netlink().request(dressing(lent->index, name, tag), "rename in the container link", link.name);
    inside.netlink().request(moving(lent->index, home.get(), name), "fetch from the container link", link.name);
}

void Loan::restore(HostLinks& links) const {
    const std::optional<LinkFacts> now = at_home(links, *this);
    if (!now) return;
    sdk::NetlinkMessage named = renaming(now->index, link.name);
    links.netlink().request(named.number<uint32_t>(IFLA_MTU, link.mtu), "give back its name to link", link.name);
    if (!link.alternative_names.empty() && now->alternative_names.empty())
        links.netlink().request(alternative_names(RTM_NEWLINKPROP, now->index, link.alternative_names),
                                "give back alternative names to", link.name);
    sdk::NetlinkMessage last = link_message(RTM_SETLINK, 0, now->index, link.up ? IFF_UP : 0, IFF_UP);
    // An empty alias is an attribute without a byte.
    links.netlink().request(last.bytes(IFLA_IFALIAS, link.alias.data(), link.alias.size()), "give back its alias to",
                            link.name);
}

}  // namespace keelson::net
