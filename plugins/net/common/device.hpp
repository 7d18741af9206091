// What the network plugins read from the keys that all of them share.
#pragma once

#include "host_links.hpp"

#include <keelson/sdk/network.hpp>

#include <optional>
#include <string>

namespace keelson::net {

/// "lxc.net.N.KEY", for errors.
std::string key_name(const sdk::Device& device, std::string_view key);

/// The value `text` of a key that holds a number of at least `least`. Throws Error for anything else.
uint32_t parse_number(const sdk::Device& device, std::string_view key, const std::string& text, uint32_t least = 1);
/// The same for the key's value; nothing if it has none.
std::optional<uint32_t> number(const sdk::Context& context, const sdk::Device& device, std::string_view key,
                               uint32_t least = 1);

/// The value of a key that names a link that is made on the host, empty if it has none. Throws Error for what cannot be the
/// name of a link, and for "%d", which the kernel replaces: nobody would find the link again.
std::string link_name(const sdk::Context& context, const sdk::Device& device, std::string_view key);
/// The same check of lxc.net.N.name. Inside one "%d" may stand for the first free number: "eth%d".
void check_name_inside(const sdk::Context& context, const sdk::Device& device);

/// The link of lxc.net.N.link. Throws Error with a hint when the key is not set or the link does not exist.
LinkFacts required_link(HostLinks& links, const sdk::Context& context, const sdk::Device& device);

}  // namespace keelson::net
