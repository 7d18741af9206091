// The kernel's own part of the configuration language.
#pragma once

#include <keelson/abi/descriptor.hpp>

#include <span>
#include <string_view>

namespace keelson::config {

/// All keys, sorted by name. Keys of network devices are called lxc.net.N.X; families end in a dot.
std::span<const abi::Key> kernel_keys() noexcept;

/// The key of exactly this name, else the family that it belongs to, else null.
const abi::Key* kernel_key(std::string_view name) noexcept;

/// Are there keys whose names begin so ("lxc.net.")?
bool has_keys_below(std::string_view stem) noexcept;

/// The family called by its name without the dot ("lxc.prlimit"), else null.
const abi::Key* find_family(std::string_view name) noexcept;

}  // namespace keelson::config
