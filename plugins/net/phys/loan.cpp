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
void change_names(HostLinks& links, int type, unsigned index, const std::vector<std::string>& names, const std::string& link) {
    if (names.empty()) return;
    sdk::NetlinkMessage message =
        link_message(type, type == RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND : 0, index);
    message.nest(IFLA_PROP_LIST, [&](sdk::NetlinkMessage& list) {
        for (const std::string& name : names) list.text(IFLA_ALT_IFNAME, name);
    });
    links.netlink().request(message, "change the alternative names of", link);
}

/// A link can be renamed while it is up only by newer kernels; others look at the name before the flags of a request, so that
/// this has to be one of its own.
void take_down(HostLinks& links, unsigned index, const std::string& link) {
    links.netlink().request(link_message(RTM_SETLINK, 0, index, 0, IFF_UP), "take down link", link);
}

sdk::NetlinkMessage renaming(unsigned index, const std::string& name) {
    return std::move(link_message(RTM_SETLINK, 0, index).text(IFLA_IFNAME, name));
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
    const auto names = static_cast<uint32_t>(link.alternative_names.size());
    for (const std::string& part : {link.name, transient_name, tag}) add_field(text, part);
    for (const uint32_t part : {link.index, index_inside, link.mtu, uint32_t{link.up}, names}) add_field(text, cat(part));
    for (const std::string& name : link.alternative_names) add_field(text, name);
    return text + link.alias;  // the only one that may hold any byte
}

Loan Loan::parse(std::string_view text) {
    Loan loan;
    loan.link.name = field(text);
    loan.transient_name = field(text);
    loan.tag = field(text);
    loan.link.index = number_field(text);
    loan.index_inside = number_field(text);
    loan.link.mtu = number_field(text);
    loan.link.up = number_field(text) != 0;
    for (uint32_t names = number_field(text); names > 0; --names) loan.link.alternative_names.emplace_back(field(text));
    loan.link.alias = text;
    return loan;
}

void Loan::lend(HostLinks& links, std::optional<uint32_t> mtu, int net_namespace) const {
    sdk::Netlink& netlink = links.netlink();
    take_down(links, link.index, link.name);
    sdk::NetlinkMessage dressed = dressing(link.index, transient_name, tag);
    if (mtu) dressed.number<uint32_t>(IFLA_MTU, *mtu);
    netlink.request(dressed, "rename and tag link", link.name);
    change_names(links, RTM_DELLINKPROP, link.index, link.alternative_names, link.name);
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
    change_names(inside, RTM_DELLINKPROP, lent->index, lent->alternative_names, link.name);
    take_down(inside, lent->index, link.name);
    inside.netlink().request(dressing(lent->index, name, tag), "rename in the container link", link.name);
    inside.netlink().request(moving(lent->index, home.get(), name), "fetch from the container link", link.name);
}

/// Lending was interrupted between taking the link down and marking it.
void Loan::bring_up_again(HostLinks& links) const {
    const std::optional<LinkFacts> untouched = links.find(link.name);
    if (!untouched || untouched->index != link.index || untouched->up || !link.up) return;
    links.netlink().request(link_message(RTM_SETLINK, 0, link.index, IFF_UP, IFF_UP), "bring up link", link.name);
}

void Loan::restore(HostLinks& links) const {
    const std::optional<LinkFacts> now = at_home(links, *this);
    if (!now) return bring_up_again(links);
    take_down(links, now->index, link.name);
    sdk::NetlinkMessage named = renaming(now->index, link.name);
    links.netlink().request(named.number<uint32_t>(IFLA_MTU, link.mtu), "give back its name to link", link.name);
    if (now->alternative_names != link.alternative_names) {
        change_names(links, RTM_DELLINKPROP, now->index, now->alternative_names, link.name);
        change_names(links, RTM_NEWLINKPROP, now->index, link.alternative_names, link.name);
    }
    sdk::NetlinkMessage last = link_message(RTM_SETLINK, 0, now->index, link.up ? IFF_UP : 0, IFF_UP);
    // An empty alias is an attribute without a byte.
    links.netlink().request(last.bytes(IFLA_IFALIAS, link.alias.data(), link.alias.size()), "give back its alias to",
                            link.name);
}

}  // namespace keelson::net
