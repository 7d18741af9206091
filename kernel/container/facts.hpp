// What plugins are told about a container, and how they are called.
#pragma once

#include <keelson/abi/base.hpp>
#include <kernel/config/config.hpp>
#include <kernel/lifecycle/journal.hpp>
#include <kernel/plugins/plugin_host.hpp>
#include <kernel/process/idmap.hpp>

#include <string>

namespace keelson::container {

/// Owns the strings behind abi::ContainerFacts. Does not move once it is handed out.
class Facts {
public:
    Facts(std::string name, std::string lxcpath, process::IdMap idmap);
    Facts(const Facts&) = delete;

    const abi::ContainerFacts& raw() const noexcept { return raw_; }
    const std::string& name() const noexcept { return name_; }
    const std::string& lxcpath() const noexcept { return lxcpath_; }
    const std::string& directory() const noexcept { return directory_; }
    const std::string& runtime_directory() const noexcept { return runtime_directory_; }
    const process::IdMap& idmap() const noexcept { return idmap_; }

private:
    std::string name_, lxcpath_, directory_, runtime_directory_;
    process::IdMap idmap_;
    abi::ContainerFacts raw_{};
};

/// The context of one call: valid as long as its parts.
class CallContext {
public:
    /// `journal` may be null for calls that change nothing. `settings_prefix`: "lxc.net.0." for network plugins.
    CallContext(const Facts& facts, const config::Config& config, const plugins::LoadedPlugin& plugin,
                lifecycle::Journal* journal, const std::string& settings_prefix = {});
    CallContext(const CallContext&) = delete;
    const abi::Context* raw() const noexcept { return &raw_; }

private:
    config::SettingsView settings_;
    std::optional<lifecycle::PluginRecords> records_;
    abi::Context raw_{};
};

}  // namespace keelson::container
