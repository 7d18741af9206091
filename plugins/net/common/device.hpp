// What the network plugins read from the keys that all of them share.
#pragma once

#include "host_links.hpp"

#include <keelson/sdk/network.hpp>

#include <optional>
#include <string>

namespace keelson::net {

/// "lxc.net.N.KEY", for errors.
std::string key_name(const sdk::Device& device, std::string_view key);

/// A key that holds a positive number. Throws Error for anything else.
std::optional<uint32_t> number(const sdk::Context& context, const sdk::Device& device, std::string_view key);

/// Throws Error for values of mtu and l2proxy that cannot be carried out.
void check_shared_keys(const sdk::Context& context, const sdk::Device& device);

/// The link of lxc.net.N.link. Throws Error with a hint when the key is not set or the link does not exist.
LinkFacts required_link(HostLinks& links, const sdk::Context& context, const sdk::Device& device);

}  // namespace keelson::net
