#include "loan.hpp"

#include <plugins/net/common/ownership.hpp>

#include <linux/if.h>
#include <keelson/sdk/patience.hpp>

#include <charconv>
#include <filesystem>

namespace keelson::net {
namespace {

constexpr char separator = '\n';

/// Of a record that says nothing of it.
constexpr const char* kind_unknown = "unknown";

/// The kernel takes a namespace apart when its last process is gone, one namespace after the other.
constexpr std::chrono::seconds patience_with_the_kernel(3);

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

template <typename Number>
Number parse_number(std::string_view text) {
    Number value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
        throw Error(EINVAL, std::string(text), "not a number in the record of a lent link");
    return value;
}

uint32_t number_field(std::string_view& rest) { return parse_number<uint32_t>(field(rest)); }

std::string address_text(const HardwareAddress& address) {
    char text[sizeof "00:00:00:00:00:00"];
    ::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1], address[2], address[3], address[4],
               address[5]);
    return text;
}

HardwareAddress parse_address(const std::string& text) {
    HardwareAddress address{};
    if (::sscanf(text.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &address[0], &address[1], &address[2], &address[3],
                 &address[4], &address[5]) != 6)
        throw Error(EINVAL, text, "not a hardware address in the record of a lent link");
    return address;
}

bool is_known(const HardwareAddress& address) { return address != HardwareAddress{}; }

/// Empty when there is none. In /sys/class a link has a place only in its own namespace; its hardware is in all of them.
std::string hardware_below(const std::string& link) {
    std::error_code none;
    return std::filesystem::canonical(cat("/sys/class/net/", link, "/device"), none).string();
}

/// "INDEX[ NAMESPACE]", and back.
std::string lower_text(const LowerLink& lower) {
    return lower.net_namespace ? cat(lower.index, " ", *lower.net_namespace) : cat(lower.index);
}

LowerLink parse_lower(std::string_view text) {
    const size_t blank = text.find(' ');
    LowerLink lower{parse_number<unsigned>(text.substr(0, blank)), std::nullopt};
    if (blank != text.npos) lower.net_namespace = parse_number<int>(text.substr(blank + 1));
    return lower;
}

/// Whether the next field is "WORD VALUE", as no number is.
bool has_word(std::string_view rest) { return !rest.empty() && rest[0] >= 'a' && rest[0] <= 'z'; }

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

}  // namespace

std::string Loan::text() const {
    std::string text;
    const auto names = static_cast<uint32_t>(link.alternative_names.size());
    for (const std::string& part : {link.name, transient_name, tag}) add_field(text, part);
    for (const uint32_t part : {link.index, index_inside, link.mtu, uint32_t{link.up}}) add_field(text, cat(part));
    add_field(text, cat("kind ", link.kind));
    add_field(text, cat("address ", address_text(link.address)));
    if (!device.empty()) add_field(text, cat("device ", device));
    if (!link.parent.empty()) add_field(text, cat("parent ", link.parent));
    if (namespace_id) add_field(text, cat("namespace ", *namespace_id));
    if (lower_inside) add_field(text, cat("lower ", lower_text(*lower_inside)));
    add_field(text, cat(names));
    for (const std::string& name : link.alternative_names) add_field(text, name);
    return text + link.alias;  // the only one that may hold any byte
}

Loan Loan::of(LinkFacts link, std::string_view owner) {
    Loan loan;
    loan.transient_name = random_name("phys");
    loan.tag = cat(owner, " ", link.name, " ", loan.transient_name);
    loan.device = hardware_below(link.name);
    loan.link = std::move(link);
    return loan;
}

void Loan::take_word(std::string_view text) {
    const size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    const std::string value(text.substr(std::min(blank + 1, text.size())));
    if (word == "kind") link.kind = value;
    if (word == "address") link.address = parse_address(value);
    if (word == "device") device = value;
    if (word == "namespace") namespace_id = parse_number<int>(value);
    if (word == "parent") link.parent = value;
    if (word == "lower") lower_inside = parse_lower(value);
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
    loan.link.kind = kind_unknown;
    while (has_word(text)) loan.take_word(field(text));
    for (uint32_t names = number_field(text); names > 0; --names) loan.link.alternative_names.emplace_back(field(text));
    loan.link.alias = text;
    return loan;
}

void Loan::lend(HostLinks& links, std::optional<uint32_t> mtu, int net_namespace) {
    sdk::Netlink& netlink = links.netlink();
    take_down(links, link.index, link.name);
    sdk::NetlinkMessage dressed = dressing(link.index, transient_name, tag);
    if (mtu) dressed.number<uint32_t>(IFLA_MTU, *mtu);
    netlink.request(dressed, "rename and tag link", link.name);
    change_names(links, RTM_DELLINKPROP, link.index, link.alternative_names, link.name);
    netlink.request(moving(link.index, net_namespace, transient_name), "move into the container link", link.name);
    if (const std::optional<LinkFacts> arrived = HostLinks(net_namespace).find(transient_name)) {
        index_inside = arrived->index;
        lower_inside = arrived->lower;
    }
    namespace_id = links.namespace_id(net_namespace);
}

/// What of a link stays the same wherever it goes and whatever is done to it there.
bool Loan::is_alike(const LinkFacts& found) const {
    return (link.kind == kind_unknown || found.kind == link.kind) && (link.parent.empty() || found.parent == link.parent);
}

/// Also where the kernel does not tell the parent.
bool Loan::stands_on_same_hardware(const LinkFacts& at_home) const {
    if (device.empty()) return true;
    const std::string below = hardware_below(at_home.name);
    return below.empty() || below == device;
}

/// The link on the host, while it is not yet restored. What it wears there it has got inside, where two links may have swapped
/// it.
std::optional<LinkFacts> Loan::at_home(HostLinks& links) const {
    const auto is_it = [&](const LinkFacts& found) { return is_alike(found) && stands_on_same_hardware(found); };
    if (std::optional<LinkFacts> found = links.find(transient_name); found && is_it(*found)) return found;
    for (LinkFacts& candidate : links.list())
        if (candidate.alias == tag && is_it(candidate)) return candidate;
    return std::nullopt;
}

/// The other end of a pair may have left the host since, or have come home. Where it is there, it tells what it is a pair with.
bool Loan::faces_moved_end(HostLinks& links, const LinkFacts& found, int net_namespace) const {
    if (found.lower.index != lower_inside->index || !found.lower.net_namespace) return false;
    const std::optional<LinkFacts> facing = links.find(lower_inside->index);
    return !facing || facing->lower == LowerLink{found.index, links.namespace_id(net_namespace)};
}

/// Not another one that somebody inside has made under the number of the lent one: it is not on top of a link of the host's.
bool Loan::is_lent(HostLinks& links, const LinkFacts& found, int net_namespace) const {
    if (!is_alike(found)) return false;
    return !lower_inside || found.lower == *lower_inside || faces_moved_end(links, found, net_namespace);
}

bool Loan::fetch(HostLinks& links, int net_namespace) const {
    if (at_home(links)) return true;
    HostLinks inside(net_namespace);
    const std::optional<LinkFacts> lent = inside.find(index_inside != 0 ? index_inside : inside.index_of(transient_name));
    if (!lent || !is_lent(links, *lent, net_namespace)) return false;
    const UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!home) throw Error::last("open", "/proc/thread-self/ns/net");
    // A name that nobody inside knows: another link there may have the transient one by now.
    const std::string name = random_name("phys");
    change_names(inside, RTM_DELLINKPROP, lent->index, lent->alternative_names, link.name);
    take_down(inside, lent->index, link.name);
    inside.netlink().request(dressing(lent->index, name, tag), "rename in the container link", link.name);
    inside.netlink().request(moving(lent->index, home.get(), name), "fetch from the container link", link.name);
    return true;
}

/// Lending was interrupted between taking the link down and marking it.
void Loan::bring_up_again(HostLinks& links) const {
    const std::optional<LinkFacts> untouched = links.find(link.name);
    if (!untouched || untouched->index != link.index || untouched->up || !link.up) return;
    links.netlink().request(link_message(RTM_SETLINK, 0, link.index, IFF_UP, IFF_UP), "bring up link", link.name);
}

/// Never lent, or given back already.
bool Loan::stands_as_before(HostLinks& links) const {
    const std::optional<LinkFacts> found = links.find(link.name);
    return found && found->name == link.name && (!is_known(link.address) || found->address == link.address);
}

/// Still, in a namespace that somebody holds.
bool Loan::is_inside(HostLinks& links) const {
    if (!namespace_id || index_inside == 0) return false;
    const std::optional<LinkFacts> found = links.find_in(*namespace_id, index_inside);
    return found && found->alias == tag && is_alike(*found) && (!lower_inside || found->lower.index == lower_inside->index);
}

/// The kernel brings home what has no kind, and of the kinds those of some hardware (netns_refund: can, dsa). All others die.
bool Loan::may_come_home() const {
    if (device.empty()) return link.kind.empty();
    return ::access(device.c_str(), F_OK) == 0;
}

void Loan::restore(HostLinks& links, bool may_be_inside) const {
    std::optional<LinkFacts> now;
    const auto stays_inside = [&] { return may_be_inside && is_inside(links); };
    const bool settled = sdk::comes_true(patience_with_the_kernel, [&] {
        now = at_home(links);
        return now || stands_as_before(links) || !(may_come_home() || stays_inside());
    });
    if (!now) now = at_home(links);  // it may have come between the questions
    if (now) return give_back(links, *now);
    if (settled) return bring_up_again(links);
    if (link.kind.empty() || stays_inside())
        throw Error(EBUSY, link.name, "the link was lent, and has not come home",
                    cat("end what holds the container's network namespace (lsns -t net); a link that came home unmarked: "
                        "ip link set LINK alias '",
                        tag, "'"));
}

void Loan::give_back(HostLinks& links, const LinkFacts& now) const {
    take_down(links, now.index, link.name);
    sdk::NetlinkMessage named = renaming(now.index, link.name);
    if (is_known(link.address) && now.address != link.address)
        named.bytes(IFLA_ADDRESS, link.address.data(), link.address.size());
    links.netlink().request(named.number<uint32_t>(IFLA_MTU, link.mtu), "give back its name to link", link.name);
    if (now.alternative_names != link.alternative_names) {
        change_names(links, RTM_DELLINKPROP, now.index, now.alternative_names, link.name);
        change_names(links, RTM_NEWLINKPROP, now.index, link.alternative_names, link.name);
    }
    sdk::NetlinkMessage last = link_message(RTM_SETLINK, 0, now.index, link.up ? IFF_UP : 0, IFF_UP);
    // An empty alias is an attribute without a byte.
    links.netlink().request(last.bytes(IFLA_IFALIAS, link.alias.data(), link.alias.size()), "give back its alias to",
                            link.name);
}

}  // namespace keelson::net
