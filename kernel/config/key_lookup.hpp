// Whose key is it, and what does its declaration say?
#pragma once

#include <kernel/config/config.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace keelson::config {

/// lxc.net.INDEX or lxc.net.INDEX.REST.
struct DeviceKey {
    unsigned index = 0;
    std::string_view rest;  ///< empty: the device itself
    /// "lxc.net.0." without leading zeros of the index
    std::string prefix() const { return cat("lxc.net.", index, '.'); }
};
std::optional<DeviceKey> device_key(std::string_view name) noexcept;

/// One name for one key: the index of a network device without leading zeros.
std::string canonical_key(std::string_view name);

struct Declaration {
    const abi::Key* key = nullptr;
    /// Of the plugin; both empty for the kernel's.
    std::string_view kind, plugin;
};

/// `device_type` is the type of the network device that the key is about; empty: that which the key itself tells. Reads at
/// most the one plugin file that owns the key. A null key: nobody declares it.
Declaration find_declaration(std::string_view name, std::string_view device_type, KeySource& plugins);

/// Is the first word after "lxc." taken by the kernel?
bool is_kernel_word(std::string_view word) noexcept;

/// The declared key that was probably meant; empty if none is near.
std::string suggest_key(std::string_view name, KeySource& plugins);

/// Says why nobody declares `name`.
[[noreturn]] void refuse_unknown(std::string_view name, std::string_view device_type, KeySource& plugins);

}  // namespace keelson::config
