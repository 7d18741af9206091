// What the values of a key look like, beyond the types that a plugin can declare.
#pragma once

#include <keelson/abi/descriptor.hpp>

#include <string>
#include <string_view>

namespace keelson::config {

/// Types of the kernel's own keys: abi::Key::type has room for them, a plugin's declaration does not use them.
namespace own {
enum : uint32_t {
    architecture = 0x1'0000,  ///< a name of uname(2)'s machine; kept as given, printed as the personality it means
    host_name,                ///< at most 64 bytes, sethostname(2)
    log_level,                ///< name or number, kept as upper-case name
    facility,                 ///< of syslog(3)
    auto_mounts,              ///< tokens of lxc.mount.auto; one of each class
    mount_options,            ///< mount options, none of those that are for entries alone
    rootfs_source,            ///< [TYPE:]PATH; TYPE is kept only if there is such a storage plugin
    component,                ///< one name of a path
    group_ids,                ///< numbers between commas, adding up over lines
    limit,                    ///< SOFT[:HARD], numbers or "unlimited"
    console_size,             ///< bytes with KB, MB, GB or "auto", rounded up to a power of two of at least a page
    tmpfs_size,               ///< bytes; anything else means the default
    network_type,             ///< name of a network plugin
    network_flags,            ///< whatever is said means "up"
    interface_name,           ///< cut to 15 bytes, netdevice(7)
    installed_path,           ///< a path whose default is relative to the installation
    hardware_address,         ///< each x becomes a random digit
};
}  // namespace own

/// Flags of the kernel's own keys, above those of abi::KeyFlags.
enum OwnFlags : uint32_t {
    key_empty_is_zero = 0x1'0000,  ///< an empty value means 0, not the default
    key_not_empty = 0x2'0000,      ///< an empty value is an error
};

constexpr abi::KeyType own_type(uint32_t type) { return static_cast<abi::KeyType>(type); }
constexpr bool has_flag(const abi::Key& key, uint32_t flag) { return (key.flags & flag) != 0; }
constexpr bool is_type(const abi::Key& key, uint32_t type) { return static_cast<uint32_t>(key.type) == type; }

/// What is in effect when the key is unset.
std::string default_of(const abi::Key& key);

/// What a person may write: "0 or 1", "one of bridge, router", "a signal, such as SIGPWR or 30".
std::string expectation(const abi::Key& key);

}  // namespace keelson::config
