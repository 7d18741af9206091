// [host] The links of one network namespace, by rtnetlink(7).
#pragma once

#include <keelson/sdk/address.hpp>
#include <keelson/sdk/netlink.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace keelson::net {

using HardwareAddress = std::array<unsigned char, 6>;

/// The link below another one, or the other end of a pair (IFLA_LINK). Nobody who only owns the link can choose where it is.
struct LowerLink {
    unsigned index = 0;                ///< 0: none
    std::optional<int> net_namespace;  ///< the number of its namespace where it was asked for; none: that of the link itself

    bool operator==(const LowerLink&) const = default;
};

struct LinkFacts {
    unsigned index = 0;
    std::string name;
    std::string kind;           ///< "veth", "bridge", ...; empty: hardware
    std::string alias;          ///< ifalias
    HardwareAddress address{};  ///< zeros: none, or one of another length
    LowerLink lower;
    std::string parent;  ///< bus and name of the hardware below it, "pci/0000:00:03.0"; empty: none, or a kernel before 5.14
    unsigned master = 0;
    uint32_t mtu = 0;
    bool up = false;
    std::vector<std::string> alternative_names;
    bool vlan_filtering = false;  ///< of a bridge
    unsigned default_pvid = 0;    ///< of a bridge
};

class HostLinks {
public:
    /// Of the namespace of this process.
    HostLinks() = default;
    /// Of another; see sdk::Netlink::in_namespace.
    explicit HostLinks(int net_namespace) : netlink_(sdk::Netlink::in_namespace(net_namespace)) {}

    /// Also by an alternative name. No value if there is none.
    std::optional<LinkFacts> find(const std::string& name);
    std::optional<LinkFacts> find(unsigned index);
    /// In the namespace that has this number here (ip-netns(8): list-id). No value either when the namespace is gone.
    std::optional<LinkFacts> find_in(int namespace_id, unsigned index);
    /// The number that the namespace has here: it is given one when a link is first moved there. No value before that.
    std::optional<int> namespace_id(int net_namespace);
    std::vector<LinkFacts> list();
    /// The links that are ports of a bridge.
    std::vector<LinkFacts> ports(unsigned bridge);

    /// Number and mtu without the lock that every rtnetlink request waits for; 0 if there is no such link.
    unsigned index_of(const std::string& name) const;
    std::string name_of(unsigned index) const;  ///< empty if there is none
    uint32_t mtu_of(const std::string& name) const;

    /// Success when it is gone already. Waits until the kernel has let go of it (an RCU grace period).
    void remove(unsigned index);

    sdk::Netlink& netlink() { return netlink_; }

private:
    std::optional<LinkFacts> ask(const sdk::NetlinkMessage& question, const std::string& name);

    sdk::Netlink netlink_;
};

/// A request about the link with this index, or, with 0, about that which the message names.
sdk::NetlinkMessage link_message(int type, int flags, unsigned index, unsigned set_flags = 0, unsigned changed_flags = 0);

/// Lets no IPv6 address grow on the link when it comes up.
void add_without_ipv6(sdk::NetlinkMessage& message);

}  // namespace keelson::net
