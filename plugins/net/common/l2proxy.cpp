#include "l2proxy.hpp"

#include "device.hpp"

#include <fcntl.h>
#include <unistd.h>
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

bool is_about(const Proxy& proxy, unsigned link, const IpAddress& address) {
    return proxy.link == link && proxy.address.family == address.family && proxy.address.bytes == address.bytes;
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

bool undo_l2proxy(HostLinks& links, std::string_view text) {
    if (!text.starts_with(record_word)) return false;
    const Record record = Record::parse(text);
    const unsigned link = links.index_of(record.link);
    const std::vector<Proxy> present = proxies(links);
    for (const IpAddress& address : record.addresses) {
        for (const Proxy& proxy : present)
            if (proxy.marked && is_about(proxy, link, address)) remove_proxy(links, proxy);
        remove_route(links, address);
    }
    return true;
}

}  // namespace keelson::net
