// What a plugin says about itself, as data: read from the file before any of its code runs.
//
// A plugin exports exactly one symbol, the constant `keelson_plugin`, in the ELF section `.keelson.plugin`. The keys that it
// adds to the configuration language stand in the section `.keelson.keys`, an array of Key. Both are found through the
// section headers (elf(5)), so that listing plugins and checking a configuration load nothing.
#pragma once

#include <keelson/abi/base.hpp>

#define KEELSON_PLUGIN_SYMBOL "keelson_plugin"
#define KEELSON_PLUGIN_SECTION ".keelson.plugin"
#define KEELSON_KEYS_SECTION ".keelson.keys"

namespace keelson::abi {

inline constexpr uint32_t plugin_magic = 0x4e53'4c4b;  // "KLSN" in the file

/// Kinds, as they stand in PluginDescriptor::kind and as folders below the plugin directory:
/// "net", "storage", "lsm", "cgroup", "template", "hook".

/// Opens the plugin: called once, after loading, before anything else. Returns the object of the kind's class
/// (abi::Network, ...) as a pointer to that class, owned by the plugin and valid for ever; null after an error.
using OpenPlugin = void* (*)(ErrorSink* error);

struct PluginDescriptor {
    uint32_t magic;
    /// sizeof(PluginDescriptor) where the plugin was built.
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    /// Among the plugins of a kind that apply to a host by themselves, the smaller goes first.
    uint32_t order;
    char kind[16];
    char name[32];
    char version[16];
    char licence[32];
    char summary[112];
    /// When the plugin is taken without being named by the configuration; empty: never.
    ///   storage: the file types of a path without prefix, a list of "directory", "file", "block";
    ///   template: "file", when the template is given as the path of a program;
    ///   cgroup, lsm: a host path that has to exist.
    char applies_to[64];
    /// Further names, separated by blanks, under which configurations know it.
    char aliases[32];
    /// Null in the file, set when loaded.
    OpenPlugin open;
};

enum class KeyType : uint32_t {
    text,        ///< any bytes but NUL, CR, LF
    path,        ///< simplified: no doubled slashes, no "/./", no trailing slash
    boolean,     ///< 0 or 1
    number,      ///< unsigned, C integer syntax (decimal, 0x, 0)
    integer,     ///< signed
    size,        ///< bytes, with KB, MB, GB (1024); or "auto"
    choice,      ///< one of Key::choices
    words,       ///< blank-separated words, each one of Key::choices if that is not empty
    signal,      ///< number or SIGNAME (signal(7))
    idmap,       ///< "u|g|b INSIDE HOST COUNT"
    address4,    ///< IPv4 address, "/PREFIX" and a broadcast address optional
    address6,    ///< IPv6 address, "/PREFIX" optional
    gateway,     ///< an address, "auto" or "dev"
    capability,  ///< names without cap_, numbers (capabilities(7))
    variable,    ///< NAME=VALUE, or NAME to copy from the caller's environment
    duration,    ///< integer and unit h m s ms us ns
    namespaces,  ///< names of namespaces
    relative,    ///< path without a leading slash and without ".."
};

enum KeyFlags : uint32_t {
    key_list = 1,      ///< every line adds a value
    key_family = 2,    ///< any sub-key follows: the name is a prefix that ends in a dot
    key_unique = 4,    ///< of a family: a later line with the same sub-key replaces the earlier
    key_action = 8,    ///< does something when read (lxc.include), has no value of its own
    key_of_host = 16,  ///< lsm: says nothing on a host that the plugin does not apply to, so that it is not loaded there for it
};

/// One key of the configuration language. Plain data without pointers: it is read from the file.
struct Key {
    /// Network plugins: relative to lxc.net.N ("veth.pair"). Others: in full; lsm plugins own lxc.NAME.*, every plugin
    /// owns keelson.KIND.NAME.*.
    char name[56];
    KeyType type;
    uint32_t flags;
    /// Shown by `keelson config doc`, and what Settings::value gives when unset.
    char fallback[32];
    /// For choice and words: the words, separated by blanks. For number and integer: ranges MIN..MAX, and words that may
    /// stand instead of a number. For gateway: "ipv4" or "ipv6", its family. For addresses: "prefix" if one is needed.
    char choices[96];
    /// One line.
    char help[160];
};

}  // namespace keelson::abi
