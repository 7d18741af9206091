// The plugins of one container: chosen by its configuration, or by what the host has; each call with its context.
#pragma once

#include <kernel/container/cgroup.hpp>
#include <kernel/container/facts.hpp>
#include <kernel/container/stage_hooks.hpp>
#include <kernel/container/storage.hpp>
#include <kernel/network/inside.hpp>
#include <kernel/process/namespaces.hpp>

#include <optional>
#include <string>
#include <vector>

namespace keelson::container {

struct NetworkChoice {
    unsigned index;
    std::string type;
    const plugins::LoadedPlugin* plugin;
    network::HandedLink link;
    std::string prefix() const { return cat("lxc.net.", index, "."); }
    /// The container stays in the host's network: there is no link to run scripts for.
    bool shares_host() const { return (plugin->as<abi::Network>().traits() & abi::network_host_namespace) != 0; }
};

struct ModuleChoice {
    const plugins::LoadedPlugin* plugin;
    std::string state;
};

class Actors {
public:
    /// Stage resolve: chooses and loads every plugin of the container. Throws.
    Actors(const Facts& facts, const config::Config& config);

    /// Stage resolve: asks every plugin whether it can do what is configured. Modules with nothing to do are dropped.
    void check();
    bool host_network() const;

    void attach_journal(lifecycle::Journal* journal);

    Storage storage;
    std::vector<NetworkChoice> networks;
    std::vector<ModuleChoice> modules;  ///< by order
    StageHooks stage_hooks;
    Cgroup cgroup;

    void prepare_module(const plugins::LoadedPlugin* plugin);
    void confine(const ModuleChoice& module, int proc) const;  ///< [inside]
    void prepare_network(NetworkChoice& network);
    void connect_network(NetworkChoice& network, const process::NamespaceSet& namespaces);

private:
    void choose_networks();
    void choose_modules();

    const Facts& facts_;
    const config::Config& config_;
    lifecycle::Journal* journal_ = nullptr;
};

}  // namespace keelson::container
