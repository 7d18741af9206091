#include "pool.hpp"

#include <plugins/net/common/ownership.hpp>

#include <algorithm>

namespace keelson::net {
namespace {

using sdk::IpAddress;

uint32_t mask_of(unsigned prefix) { return prefix == 0 ? 0 : 0xffffffffU << (32 - prefix); }

}  // namespace

Pool::Pool(const IpAddress& subnet) : prefix_(subnet.prefix.value_or(24)) {
    if (subnet.family != AF_INET || prefix_ < 8 || prefix_ > 29)
        throw Error(EINVAL, cat(subnet.text(), "/", prefix_), "not a subnet for containers", "an IPv4 subnet of /8 to /29");
    network_ = subnet.number() & mask_of(prefix_);
    first_ = network_ + 2;
    count_ = ~mask_of(prefix_) - 2;  // without network, gateway and broadcast address
}

IpAddress Pool::gateway() const {
    IpAddress address = IpAddress::from_number(network_ + 1);
    address.prefix = prefix_;
    return address;
}

std::string Pool::text() const { return cat(IpAddress::from_number(network_).text(), "/", prefix_); }

bool Pool::contains(const IpAddress& address) const noexcept {
    return address.family == AF_INET && address.number() - first_ < count_;
}

bool Pool::overlaps(const IpAddress& other) const noexcept {
    const uint32_t mask = mask_of(std::min(prefix_, other.prefix.value_or(32)));
    return other.family == AF_INET && (other.number() & mask) == (network_ & mask);
}

std::optional<IpAddress> Pool::choose(std::string_view owner, const std::vector<IpAddress>& taken) const {
    std::vector<uint32_t> used;
    for (const IpAddress& address : taken)
        if (contains(address)) used.push_back(address.number());
    std::sort(used.begin(), used.end());
    const uint32_t start = stable_hash(owner) % count_;
    for (uint32_t step = 0; step < count_; ++step) {
        const uint32_t candidate = first_ + (start + step) % count_;
        if (std::binary_search(used.begin(), used.end(), candidate)) continue;
        IpAddress address = IpAddress::from_number(candidate);
        address.prefix = prefix_;
        return address;
    }
    return std::nullopt;
}

std::optional<Pool> free_pool(const std::vector<IpAddress>& routes) {
    for (const char* text :
         {"10.93.0.0/24", "10.193.93.0/24", "172.29.93.0/24", "172.31.193.0/24", "192.168.93.0/24", "192.168.193.0/24"}) {
        const Pool pool(*IpAddress::parse(text));
        if (std::none_of(routes.begin(), routes.end(), [&](const IpAddress& route) { return pool.overlaps(route); }))
            return pool;
    }
    return std::nullopt;
}

}  // namespace keelson::net
