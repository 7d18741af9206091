// A network type: lxc.net.N.type = NAME. One call per device.
#pragma once

#include <keelson/abi/base.hpp>

namespace keelson::abi {

/// What a network hands to the kernel, which then configures it inside (name, addresses, routes, up): so no plugin code
/// runs in the half-built container.
class LinkSink {
public:
    /// The link now stands in the container's network namespace under this (transient) name. Not called: there is none.
    virtual void link(StringView name_inside) noexcept = 0;
    /// The end that stays on the host; scripts get it as LXC_NET_PEER.
    virtual void host_link(StringView name) noexcept = 0;
    /// Name wanted inside when lxc.net.N.name is not set (phys keeps the host's). Default eth%d.
    virtual void preferred_name(StringView name) noexcept = 0;
    /// "ADDRESS/PREFIX", either family, in addition to the configured ones.
    virtual void address(StringView cidr) noexcept = 0;
    /// Default route, if none is configured.
    virtual void gateway(StringView address) noexcept = 0;
    /// A name server for the container's /etc/resolv.conf.
    virtual void resolver(StringView address) noexcept = 0;

protected:
    ~LinkSink() = default;
};

enum NetworkTraits : uint32_t {
    network_host_namespace = 1,  ///< the container stays in the host's network namespace
    network_needs_link = 2,      ///< lxc.net.N.link has to be set
    network_needs_root = 4,      ///< cannot be used by a container that an ordinary user starts
    /// undo has something to fetch from the container's namespace. Without it the kernel lets go of the namespace before, so
    /// that the links in it are on their way out when undo asks.
    network_undo_needs_namespace = 8,
    /// undo waits for the kernel, such as for a link to be gone: it comes after every other undo, without the container's
    /// namespaces, when whoever waits for the end of the container has been told. A start of the same container waits for it.
    network_undo_at_leisure = 16,
};

/// Identifier of one device: several devices of a container may use one plugin.
struct NetworkDevice {
    uint32_t size;
    uint32_t index;
};

class Network : public Plugin {
public:
    virtual uint32_t traits() noexcept = 0;

    /// [host] Stage resolve: is the configuration usable on this host? Changes nothing.
    virtual Status check(const Context* context, const NetworkDevice* device, ErrorSink* error) noexcept = 0;

    /// [host] Stage pre-start, before the container's namespaces exist. Every change has its record.
    virtual Status prepare(const Context* context, const NetworkDevice* device, ErrorSink* error) noexcept = 0;

    /// [host] The namespaces exist: makes the link, or moves it, into `namespaces->net_borrowed`. Every change has its record.
    virtual Status connect(const Context* context, const NetworkDevice* device, const NamespaceFds* namespaces, LinkSink* link,
                           ErrorSink* error) noexcept = 0;

protected:
    ~Network() = default;
};

}  // namespace keelson::abi
