// [host] A link on top of one of the host's: macvlan, ipvlan, vlan (ip-link(8)).
//
// It is made directly in the container's namespace: the host has no link to name, and when the namespace dies the link dies
// with it. Only l2proxy leaves something to undo.
#pragma once

#include "device.hpp"

#include <keelson/sdk/netlink.hpp>
#include <keelson/sdk/network.hpp>

#include <string>

namespace keelson::net {

class UpperLink : public sdk::Network {
public:
    void check(const sdk::Context& context, const sdk::Device& device) override;

protected:
    /// The kernel's name of the kind and of its module, and what the transient name in the container begins with.
    UpperLink(const char* kind, const char* module, const char* name_prefix)
        : kind_(kind), module_(module), name_prefix_(name_prefix) {}

    /// Adds what this kind has to say about itself (IFLA_INFO_DATA). Also called to check: throws for what cannot be carried
    /// out.
    virtual void describe(const sdk::Context& context, const sdk::Device& device, sdk::NetlinkMessage& data) const = 0;
    /// Whether the kernel answers for an address (l2proxy) only if the host routes it elsewhere; else the link itself is it.
    virtual bool answers_need_routes() const noexcept { return false; }

private:
    uint32_t traits() const noexcept override { return abi::network_needs_link | abi::network_needs_root; }
    void connect(const sdk::Context& context, const sdk::Device& device, const sdk::Namespaces& namespaces,
                 sdk::Link& link) override;
    void undo(const sdk::Context& context, std::string_view record, const sdk::Namespaces& namespaces) override;
    sdk::NetlinkMessage creation(const sdk::Context& context, const sdk::Device& device, const std::string& name) const;

    const char* kind_;
    const char* module_;
    const char* name_prefix_;
};

}  // namespace keelson::net
