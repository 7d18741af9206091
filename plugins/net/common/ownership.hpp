// Whose link is it: each link that a network plugin makes says so in its ifalias (ip-link(8), at most 255 bytes), and only a
// link that says so is ever removed.
#pragma once

#include "host_links.hpp"

#include <keelson/sdk/context.hpp>

#include <string>
#include <string_view>

namespace keelson::net {

/// "keelson:LXCPATH/NAME"; what is too long ends in a hash.
std::string ownership_tag(const sdk::Context& context);

/// The alias is the tag, alone or followed by a blank and the plugin's own words.
bool carries(std::string_view alias, std::string_view tag) noexcept;

/// FNV-1a: the same in every process and build.
uint32_t stable_hash(std::string_view text) noexcept;

/// "vethXXXXXX": a random name for a link.
std::string random_name(std::string_view prefix);

/// Six random bytes of a local unicast address, the first one as given.
HardwareAddress random_hardware_address(unsigned char first);

/// Removes the link of that name if it carries the tag. With the container's namespace the kernel takes the pair away by
/// itself, within milliseconds, and all pairs that end meanwhile together; to ask for it would keep everybody else from the
/// links for a grace period. So it is asked for only when something holds the namespace. Success when there is none, or another
/// one of that name.
void remove_owned(HostLinks& links, const std::string& name, std::string_view tag);

/// Whether the name is free, or is within a second: a link of a container that has ended goes by itself, and is waited for.
bool becomes_free(HostLinks& links, const std::string& name);

}  // namespace keelson::net
