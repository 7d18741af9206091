// Loading one checked file into the process.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/plugins/plugin_host.hpp>

namespace keelson::plugins {

/// [host] Maps the file behind `fd`, which is the one that `file` says, and opens the plugin; gives the interface of its kind.
/// Throws Error: undefined symbol, missing library, crash, or what the plugin itself reports. A crash sets `*crashed`: the
/// process can still tell what happened, but should load nothing more.
void* load_object(UniqueFd fd, const PluginFile& file, bool* crashed);

}  // namespace keelson::plugins
