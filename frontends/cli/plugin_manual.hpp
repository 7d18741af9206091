// What plugins say about themselves, for people and for programs.
#pragma once

#include <kernel/plugins/plugin_host.hpp>

#include <string>

namespace keelson::cli {

/// The key as it is written into a configuration: "lxc.net.N.veth.pair".
std::string full_key(const plugins::PluginFile& file, const abi::Key& key);

/// A table of all plugins.
std::string plugin_table(const std::vector<plugins::PluginFile>& files);
/// One plugin with its keys, as a page of a manual.
std::string plugin_manual(const plugins::PluginFile& file);

std::string plugin_json(const plugins::PluginFile& file);
std::string plugins_json(const std::vector<plugins::PluginFile>& files, const std::vector<Error>& broken);

}  // namespace keelson::cli
