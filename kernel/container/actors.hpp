// The plugins of one container: chosen by its configuration, or by what the host has; each call with its context.
#pragma once

#include <kernel/container/cgroup.hpp>
#include <kernel/container/confinement.hpp>
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

class Actors {
public:
    /// Stage resolve: chooses and loads every plugin of the container. Throws.
    Actors(const Facts& facts, const config::Config& config);

    /// Stage resolve: asks every plugin whether it can do what is configured.
    void check();
    bool host_network() const;

    void attach_journal(lifecycle::Journal* journal);

    Storage storage;
    std::vector<NetworkChoice> networks;
    Confinement confinement;
    StageHooks stage_hooks;
    Cgroup cgroup;

    void prepare_network(NetworkChoice& network);
    void connect_network(NetworkChoice& network, const process::NamespaceSet& namespaces);

private:
    void choose_networks();

    const Facts& facts_;
    const config::Config& config_;
    lifecycle::Journal* journal_ = nullptr;
};

}  // namespace keelson::container
