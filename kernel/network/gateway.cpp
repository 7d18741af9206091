#include <kernel/network/inside.hpp>

#include <keelson/sdk/address.hpp>
#include <keelson/sdk/netlink.hpp>

#include <net/if.h>

namespace keelson::network {
namespace {

/// The first address of a family that the kernel lists for a link; empty without one. Of IPv6 a global one goes first.
std::string first_address(int family, unsigned link) {
    sdk::NetlinkMessage list(RTM_GETADDR, NLM_F_DUMP);
    ifaddrmsg wanted{};
    wanted.ifa_family = static_cast<unsigned char>(family);
    wanted.ifa_index = link;
    list.header(wanted);
    std::string best, fallback;
    sdk::Netlink().dump(list, [&](const nlmsghdr* header) {
        const auto& facts = sdk::netlink_header<ifaddrmsg>(header);
        sdk::NetlinkAttribute local = sdk::NetlinkAttribute::of<ifaddrmsg>(header, IFA_LOCAL);
        if (!local) local = sdk::NetlinkAttribute::of<ifaddrmsg>(header, IFA_ADDRESS);
        if (!local || facts.ifa_index != link) return;
        const auto address = sdk::IpAddress::from_bytes(family, local.bytes());
        std::string& place = facts.ifa_scope == RT_SCOPE_LINK ? fallback : best;
        if (place.empty()) place = address.text();
    });
    return best.empty() ? fallback : best;
}

std::string look_up(const config::Config& config, unsigned index, int family) {
    const std::string prefix = cat("lxc.net.", index, ".");
    const std::string key = prefix + (family == AF_INET ? "ipv4.gateway" : "ipv6.gateway");
    if (config.get(key) != "auto") return {};
    const std::string link = config.get(prefix + "link");
    const unsigned number = link.empty() ? 0 : ::if_nametoindex(link.c_str());
    if (number == 0)
        throw Error(ENODEV, key,
                    link.empty() ? "no link to take the gateway from" : cat("no link ", link, " to take the gateway from"),
                    cat("set ", prefix, "link, or give the gateway's address"));
    std::string address = first_address(family, number);
    if (address.empty())
        throw Error(EADDRNOTAVAIL, key, cat("link ", link, " has no address to take as gateway"),
                    cat("give ", link, " an address, or set ", key, " to the gateway's"));
    return address;
}

}  // namespace

std::vector<AutoGateway> find_auto_gateways(const config::Config& config) {
    std::vector<AutoGateway> found;
    for (const unsigned index : config.network_devices()) {
        AutoGateway gateway{index, look_up(config, index, AF_INET), look_up(config, index, AF_INET6)};
        if (!gateway.ipv4.empty() || !gateway.ipv6.empty()) found.push_back(std::move(gateway));
    }
    return found;
}

}  // namespace keelson::network
