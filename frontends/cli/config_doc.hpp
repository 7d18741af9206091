// keelson config doc: the keys of the configuration language, from their declarations.
#pragma once

#include <string>
#include <vector>

namespace keelson::cli {

/// `wanted`: keys, beginnings of keys that end in a dot, or names of plugins; empty: all keys of the kernel and of every
/// installed plugin. The exit status.
int run_config_doc(const std::vector<std::string>& wanted, bool as_json);

}  // namespace keelson::cli
