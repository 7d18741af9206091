// keelson config doc: the keys of the configuration language, from their declarations.
#pragma once

#include <keelson/abi/descriptor.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace keelson::cli {

/// A key of the language with who declares it.
struct DocumentedKey {
    std::string name;   ///< in full, with N for a device's number; a family's ends in a dot
    std::string owner;  ///< "kernel", "net veth"
    abi::Key key;
};

/// All keys of the kernel and of every installed plugin, by name.
std::vector<DocumentedKey> documented_keys();
/// "takes 0 or 1; default 0", with `fallback` as the default.
std::string facts_of(const DocumentedKey& documented, std::string_view fallback);

/// `wanted`: keys, beginnings of keys that end in a dot, or names of plugins; empty: all keys of the kernel and of every
/// installed plugin. The exit status.
int run_config_doc(const std::vector<std::string>& wanted, bool as_json);

}  // namespace keelson::cli
