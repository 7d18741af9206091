// [host] A link on top of one of the host's: macvlan, ipvlan, vlan (ip-link(8)).
//
// It is made directly in the container's namespace: the host has no link to name, and when the namespace dies the link dies
// with it. To undo there is only what l2proxy adds, and a link that could be in the way of the next start.
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
    struct Kind {
        const char* name;    ///< the kernel's
        const char* module;  ///< of the kernel
        const char* prefix;  ///< of the transient name in the container
        /// The host's link has each only once, so that it has to be gone at the end of the stop, before its namespace is.
        bool once = false;
    };
    explicit UpperLink(const Kind& kind) : kind_(kind) {}

    /// Adds what this kind has to say about itself (IFLA_INFO_DATA). Also called to check: throws for what cannot be carried
    /// out.
    virtual void describe(const sdk::Context& context, const sdk::Device& device, sdk::NetlinkMessage& data) const = 0;
    /// Whether the kernel answers for an address (l2proxy) only if the host routes it elsewhere; else the link itself is it.
    virtual bool answers_need_routes() const noexcept { return false; }

private:
    uint32_t traits() const noexcept override;
    void connect(const sdk::Context& context, const sdk::Device& device, const sdk::Namespaces& namespaces,
                 sdk::Link& link) override;
    void undo(const sdk::Context& context, std::string_view record, const sdk::Namespaces& namespaces) override;
    void make(HostLinks& links, const sdk::NetlinkMessage& message, const std::string& parent) const;
    /// By the alias the link is known again, whatever its name is by then.
    static void tag(int net_namespace, const std::string& name, const std::string& alias);
    sdk::NetlinkMessage creation(const sdk::Context& context, const sdk::Device& device, const std::string& name) const;

    Kind kind_;
};

}  // namespace keelson::net
