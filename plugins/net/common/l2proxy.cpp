#include "l2proxy.hpp"

#include "device.hpp"
#include "network_lock.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <keelson/sdk/patience.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>

namespace keelson::net {
namespace {

using sdk::IpAddress;
using sdk::NetlinkMessage;

constexpr std::string_view record_word = "l2proxy ";

/// "l2proxy LINK ADDRESS..."
struct Record {
    std::string link;
    std::vector<IpAddress> addresses;

    std::string text() const {
        std::string text = cat(record_word, link);
        for (const IpAddress& address : addresses) text += cat(" ", address.text());
        return text;
    }
    static Record parse(std::string_view text) {
        Record record;
        for (const std::string_view word : sdk::split(text.substr(record_word.size()), ' '))
            if (record.link.empty())
                record.link = word;
            else if (const auto address = IpAddress::parse(word))
                record.addresses.push_back(*address);
        return record;
    }
};

/// Without link and addresses there is nothing to do.
Record wanted(const sdk::Context& context, const sdk::Device& device) {
    Record record{context.value("link"), {}};
    if (context.value("l2proxy") != "1" || record.link.empty()) return record;
    for (const char* key : {"ipv4.address", "ipv6.address"})
        for (const std::string& text : context.list(key)) {
            const auto address = IpAddress::parse(std::string_view(text).substr(0, text.find(' ')));
            if (!address) throw Error(EINVAL, key_name(device, key), cat("\"", text, "\" is not an address"));
            record.addresses.push_back(*address);
        }
    return record;
}

bool has_family(const Record& record, int family) {
    return std::ranges::any_of(record.addresses, [&](const IpAddress& address) { return address.family == family; });
}

void expect_option(const sdk::Device& device, const std::string& family, const std::string& link, const char* option) {
    const std::string path = cat("/proc/sys/net/", family, "/conf/", link, "/", option);
    char value = '0';
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::read(file.get(), &value, 1) != 1) throw Error::last("read", path);
    if (value == '1') return;
    const std::string name = cat("net.", family, ".conf.", link, ".", option);
    throw Error(EINVAL, key_name(device, "l2proxy"), cat(name, " is not 1 on the host, as answering for others needs,"),
                cat("sysctl -w ", name, "=1"));
}

NetlinkMessage route_over_loopback(HostLinks& links, int type, int flags, const IpAddress& to) {
    NetlinkMessage message(type, flags);
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(to.family);
    header.rtm_dst_len = static_cast<unsigned char>(to.bits());
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = protocol_mark;
    header.rtm_scope = RT_SCOPE_LINK;
    header.rtm_type = RTN_UNICAST;
    message.header(header).bytes(RTA_DST, to.bytes.data(), to.size()).number<uint32_t>(RTA_OIF, links.index_of("lo"));
    return message;
}

void add_route(HostLinks& links, const IpAddress& to) {
    links.netlink().request(route_over_loopback(links, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, to), "add route over lo to",
                            to.text());
}

void remove_route(HostLinks& links, const IpAddress& to) {
    links.netlink().add(route_over_loopback(links, RTM_DELROUTE, 0, to));
    for (const sdk::NetlinkFailure& failure : links.netlink().run())
        if (failure.code != ESRCH) throw sdk::Netlink::error(failure, "remove route over lo to", to.text());
}

bool same(const IpAddress& one, const IpAddress& other) { return one.family == other.family && one.bytes == other.bytes; }

bool is_about(const Proxy& proxy, unsigned link, const IpAddress& address) {
    return proxy.link == link && same(proxy.address, address);
}

/// Where the routes that carry the mark lead.
std::vector<IpAddress> marked_routes(HostLinks& links, int family) {
    std::vector<IpAddress> found;
    NetlinkMessage list(RTM_GETROUTE, NLM_F_DUMP);
    rtmsg wanted{};
    wanted.rtm_family = static_cast<unsigned char>(family);
    wanted.rtm_table = RT_TABLE_MAIN;
    wanted.rtm_protocol = protocol_mark;
    links.netlink().dump(list.header(wanted), [&](const nlmsghdr* header) {
        const auto& route = sdk::netlink_header<rtmsg>(header);
        const std::string_view to = sdk::NetlinkAttribute::of<rtmsg>(header, RTA_DST).bytes();
        if (route.rtm_protocol == protocol_mark && !to.empty()) found.push_back(IpAddress::from_bytes(family, to));
    });
    return found;
}

bool is_in_use(HostLinks& links, unsigned link, const IpAddress& address, bool over_loopback) {
    const auto answered = [&](const Proxy& proxy) { return proxy.marked && is_about(proxy, link, address); };
    const auto led_to = [&](const IpAddress& to) { return same(to, address); };
    return std::ranges::any_of(proxies(links), answered) ||
           (over_loopback && std::ranges::any_of(marked_routes(links, address.family), led_to));
}

/// What carries the mark is another container's: a start takes back what its own container left before it comes here.
std::optional<IpAddress> first_in_use(HostLinks& links, const Record& record, bool over_loopback) {
    const unsigned link = links.index_of(record.link);
    const auto found = std::ranges::find_if(
        record.addresses, [&](const IpAddress& address) { return is_in_use(links, link, address, over_loopback); });
    return found == record.addresses.end() ? std::nullopt : std::optional(*found);
}

/// The lock under which none of the addresses is in use, so that of two starts with one address only one adds what it takes
/// back. What a container that has just ended leaves goes by itself; others have the lock meanwhile.
std::optional<NetworkLock> lock_when_unused(HostLinks& links, const sdk::Device& device, const Record& record,
                                            bool over_loopback) {
    std::optional<NetworkLock> lock;
    std::optional<IpAddress> used;
    const auto is_free = [&] {
        lock.emplace();
        used = first_in_use(links, record, over_loopback);
        if (used) lock.reset();
        return !used;
    };
    if (sdk::comes_true(sdk::patience_with_the_ended, is_free)) return lock;
    throw Error(EADDRINUSE, key_name(device, used->family == AF_INET ? "ipv4.address" : "ipv6.address"),
                cat("the host answers for another container that has ", used->text(), ", as in"),
                cat("give each container an address of its own; if none has it: ip neigh del proxy ", used->text(), " dev ",
                    record.link, over_loopback ? cat(" and ip route del ", used->text(), " dev lo") : ""));
}

}  // namespace

void check_l2proxy(const sdk::Context& context, const sdk::Device& device) {
    const Record record = wanted(context, device);
    if (has_family(record, AF_INET)) expect_option(device, "ipv4", record.link, "forwarding");
    if (!has_family(record, AF_INET6)) return;
    for (const char* option : {"forwarding", "proxy_ndp"}) expect_option(device, "ipv6", record.link, option);
}

void refuse_l2proxy(const sdk::Context& context, const sdk::Device& device) {
    if (context.value("l2proxy") != "1") return;
    throw Error(
        ENOTSUP, key_name(device, "l2proxy"), cat("a network of type ", context.value("type"), " has no l2proxy"),
        cat("take the line out; for the host to answer for the container, ", key_name(device, "veth.mode"), " = router"));
}

void start_l2proxy(HostLinks& links, const sdk::Context& context, const sdk::Device& device, bool over_loopback) {
    const Record record = wanted(context, device);
    if (record.addresses.empty()) return;
    const std::optional<NetworkLock> lock = lock_when_unused(links, device, record, over_loopback);
    const uint64_t number = context.intend(record.text());
    const std::vector<Proxy> present = proxies(links);
    const unsigned link = links.index_of(record.link);
    for (const IpAddress& address : record.addresses) {
        const bool answered = std::ranges::any_of(present, [&](const Proxy& proxy) { return is_about(proxy, link, address); });
        if (!answered) add_proxy(links, address, record.link);
        if (over_loopback) add_route(links, address);
    }
    context.complete(number);
}

bool undo_l2proxy(HostLinks& links, std::string_view text, bool over_loopback) {
    if (!text.starts_with(record_word)) return false;
    const Record record = Record::parse(text);
    const unsigned link = links.index_of(record.link);
    const std::vector<Proxy> present = proxies(links);
    for (const IpAddress& address : record.addresses) {
        for (const Proxy& proxy : present)
            if (proxy.marked && is_about(proxy, link, address)) remove_proxy(links, proxy);
        if (over_loopback) remove_route(links, address);
    }
    return true;
}

}  // namespace keelson::net
