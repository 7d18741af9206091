// Which address a container gets. Pure: nothing is asked of the host.
#pragma once

#include <keelson/sdk/address.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace keelson::net {

/// The addresses of an IPv4 subnet; the first is the bridge's own.
class Pool {
public:
    /// Throws Error for a prefix that leaves no address for a container.
    explicit Pool(const sdk::IpAddress& subnet);

    sdk::IpAddress gateway() const;
    /// "10.93.0.0/24"
    std::string text() const;
    bool contains(const sdk::IpAddress& address) const noexcept;
    bool overlaps(const sdk::IpAddress& other) const noexcept;

    /// An address that is not in `taken`; the same one for the same owner as long as it is free. No value if the subnet is
    /// full.
    std::optional<sdk::IpAddress> choose(std::string_view owner, const std::vector<sdk::IpAddress>& taken) const;

private:
    uint32_t first_, count_;  ///< of the addresses for containers
    uint32_t network_;
    unsigned prefix_;
};

/// The first of Keelson's own subnets that overlaps none of `routes`. No value if each does.
std::optional<Pool> free_pool(const std::vector<sdk::IpAddress>& routes);

}  // namespace keelson::net
