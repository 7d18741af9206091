#include "routing.hpp"

#include <plugins/net/common/device.hpp>
#include <plugins/net/common/neighbours.hpp>

#include <fcntl.h>

namespace keelson::net {
namespace {

using sdk::IpAddress;

/// "ADDRESS[/PREFIX] [BROADCAST]": what stands before the blank.
IpAddress parse(const sdk::Device& device, std::string_view key, const std::string& text) {
    if (const std::optional<IpAddress> address = IpAddress::parse(std::string_view(text).substr(0, text.find(' '))))
        return *address;
    throw Error(EINVAL, key_name(device, key), cat("\"", text, "\" is not an address"), "write ADDRESS/PREFIX");
}

bool is_router(const sdk::Context& context) { return context.value("veth.mode") == "router"; }

/// Every destination that is to be reached through the host's end, with its prefix.
std::vector<IpAddress> destinations(const sdk::Context& context, const sdk::Device& device) {
    std::vector<IpAddress> found;
    for (const char* key : {"veth.ipv4.route", "veth.ipv6.route"})
        for (const std::string& text : context.list(key)) found.push_back(parse(device, key, text));
    if (!is_router(context)) return found;
    for (const char* key : {"ipv4.address", "ipv6.address"})
        for (const std::string& text : context.list(key)) {
            found.push_back(parse(device, key, text));
            found.back().prefix = found.back().bits();
        }
    return found;
}

/// The gateways that the container was told, if they are addresses: the host's end answers for them.
std::vector<IpAddress> gateways(const sdk::Context& context) {
    std::vector<IpAddress> found;
    if (!is_router(context)) return found;
    for (const char* key : {"ipv4.gateway", "ipv6.gateway"})
        if (const std::optional<IpAddress> address = IpAddress::parse(context.value(key))) found.push_back(*address);
    return found;
}

void set_option(int family, const std::string& link, const char* option) {
    const std::string path = cat("/proc/sys/net/", family == AF_INET ? "ipv4" : "ipv6", "/conf/", link, "/", option);
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file || ::write(file.get(), "1", 1) != 1) throw Error::last("write 1 to", path);
}

bool host_forwards_ipv6() {
    char value = '0';
    const UniqueFd file(::open("/proc/sys/net/ipv6/conf/all/forwarding", O_RDONLY | O_CLOEXEC));
    return file && ::read(file.get(), &value, 1) == 1 && value == '1';
}

void add_route(HostLinks& links, const IpAddress& to, const std::string& host_end) {
    sdk::NetlinkMessage message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
    const unsigned prefix = to.prefix.value_or(to.bits());
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(to.family);
    header.rtm_dst_len = static_cast<unsigned char>(prefix);
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = RTPROT_BOOT;
    header.rtm_scope = RT_SCOPE_LINK;
    header.rtm_type = RTN_UNICAST;
    message.header(header).bytes(RTA_DST, to.bytes.data(), to.size()).number<uint32_t>(RTA_OIF, links.index_of(host_end));
    links.netlink().request(message, cat("add route to ", to.text(), "/", prefix, " over"), host_end);
}

}  // namespace

void check_routes(const sdk::Context& context, const sdk::Device& device) {
    destinations(context, device);
    for (const IpAddress& gateway : gateways(context))
        if (gateway.family == AF_INET6 && !host_forwards_ipv6())
            throw Error(EINVAL, key_name(device, "ipv6.gateway"), "the host does not forward IPv6, so it cannot be a router",
                        "sysctl net.ipv6.conf.all.forwarding=1");
}

void add_routes(HostLinks& links, const sdk::Context& context, const sdk::Device& device, const std::string& host_end) {
    for (const IpAddress& gateway : gateways(context)) {
        set_option(gateway.family, host_end, "forwarding");
        if (gateway.family == AF_INET6) set_option(AF_INET6, host_end, "proxy_ndp");
        add_proxy(links, gateway, host_end);
    }
    for (const IpAddress& destination : destinations(context, device)) add_route(links, destination, host_end);
}

}  // namespace keelson::net
