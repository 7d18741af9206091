// [host] The bridge that the nat containers of a host share. It keeps no file: what is to be known stands in the ifalias of the
// bridge and of its ports. Call only under NetworkLock.
#pragma once

#include "pool.hpp"

#include <plugins/net/common/host_links.hpp>

#include <optional>
#include <string>

namespace keelson::net {

class SharedBridge {
public:
    /// The bridge of that name if Keelson made it. Throws Error when the name is another's.
    static std::optional<SharedBridge> find(HostLinks& links, const std::string& name);

    /// Makes bridge, masquerading and forwarding, finishes what a dead process began, or masquerades again after somebody has
    /// flushed the rules. `wanted`: empty for the bridge's present subnet or the first free one. Throws Error when the bridge
    /// has another subnet, or the wanted one overlaps another bridge's or a route of the host's.
    static SharedBridge ensure(HostLinks& links, const std::string& name, const std::string& wanted);

    /// What record() said of the bridge of that name: somebody may have renamed or removed it since. A bridge that was removed
    /// has left its masquerading and forwarding. No value: nothing is left, or nothing was recorded (`record` empty).
    static std::optional<SharedBridge> find_recorded(HostLinks& links, const std::string& name, const std::string& record);
    std::string record() const;

    unsigned index() const noexcept { return link_.index; }
    uint32_t mtu() const noexcept { return link_.mtu; }
    const Pool& pool() const noexcept { return *pool_; }

    /// Addresses in use, by the aliases of the ports.
    std::vector<sdk::IpAddress> taken(HostLinks& links) const;

    /// Takes back all that ensure() made, if no port is left.
    void remove_if_unused(HostLinks& links) const;

private:
    LinkFacts link_;            ///< without an index: somebody has removed it
    std::optional<Pool> pool_;  ///< none: made, but not yet marked
    bool forwarding_was_off_ = false;

    static std::optional<SharedBridge> find_of_pool(HostLinks& links, const Pool& pool);
    static SharedBridge read(const LinkFacts& link);
    static SharedBridge make(HostLinks& links, const std::string& name, const Pool& pool, uint32_t mtu);
    void mark(HostLinks& links) const;
    void finish(HostLinks& links);
    void hand_over(HostLinks& links, const SharedBridge& heir) const;
};

/// A local hardware address that follows from an IPv4 address, so that a container that comes back has the one its neighbours
/// know.
HardwareAddress hardware_address_for(const sdk::IpAddress& address);

}  // namespace keelson::net
