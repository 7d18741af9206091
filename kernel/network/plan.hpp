// [any process] What network::configure() is going to do, as data: everything that needs no socket.
#pragma once

#include <keelson/sdk/address.hpp>
#include <keelson/sdk/netlink.hpp>
#include <kernel/network/inside.hpp>

#include <array>
#include <optional>

namespace keelson::network {

struct AddressPlan {
    sdk::IpAddress address;  ///< with its prefix
    std::optional<sdk::IpAddress> broadcast;
};

struct GatewayPlan {
    int family = 0;
    std::optional<sdk::IpAddress> address;  ///< none: the link itself ("dev")
};

struct LinkPlan {
    unsigned device = 0;   ///< N of lxc.net.N
    std::string name_now;  ///< as the plugin made it
    std::string name;      ///< wanted; "eth%d": the kernel takes the next free number
    std::optional<std::array<unsigned char, 6>> hardware_address;
    std::optional<uint32_t> mtu;
    std::vector<AddressPlan> addresses;
    bool up = false;
    std::vector<GatewayPlan> gateways;

    std::string object() const { return cat("lxc.net.", device, " (", name, ")"); }
};

struct NetworkPlan {
    std::vector<LinkPlan> links;  ///< those with a name of their own first, then by number
    bool loopback_up = false;
};

/// Throws Error with "lxc.net.N" as object for a value that cannot be used.
NetworkPlan plan_network(const config::Config& config, const std::vector<HandedLink>& links,
                         const std::vector<AutoGateway>& gateways);

/// "A[/P] [BROADCAST]". Without prefix: /64, or that of the address class (RFC 791). No value if malformed.
std::optional<AddressPlan> parse_address(std::string_view text);

/// "aa:bb:cc:dd:ee:ff"
std::optional<std::array<unsigned char, 6>> parse_hardware_address(std::string_view text);

}  // namespace keelson::network
