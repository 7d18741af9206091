// One run of a container, from start to stop: what its steps share. The monitor owns it; the child works on its copy.
#pragma once

#include <kernel/console/console.hpp>
#include <kernel/container/actors.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/hooks.hpp>
#include <kernel/container/turns.hpp>
#include <kernel/filesystem/rootfs_setup.hpp>
#include <kernel/lifecycle/lifecycle.hpp>
#include <kernel/lifecycle/trace.hpp>
#include <kernel/process/channel.hpp>
#include <kernel/process/clone.hpp>
#include <kernel/process/shared_namespaces.hpp>

#include <optional>
#include <string>
#include <vector>

namespace keelson::container {

struct Run {
    Run(const Facts& facts, config::Config& config, const StartOptions& options);
    Run(const Run&) = delete;

    const Facts& facts;
    config::Config& config;
    const StartOptions& options;
    std::vector<std::string> command;
    /// Descriptors of the caller's, which a monitor in the background closes. Found before there are many of ours.
    std::vector<int> of_caller;

    Actors actors;
    Hooks hooks;
    console::Console console;
    lifecycle::Lifecycle lifecycle;
    lifecycle::Trace trace;

    // Made by host steps.
    std::optional<filesystem::RootfsSetup> rootfs;
    std::optional<lifecycle::Journal> journal;
    UniqueFd pin;         ///< keeps the host's filesystem below a privileged rootfs writable
    UniqueFd birthplace;  ///< the cgroup that the child is born in
    std::vector<network::AutoGateway> gateways;
    std::vector<process::SharedNamespace> shared;
    uint64_t namespaces = 0;
    process::Clone child;
    process::NamespaceSet namespace_fds;
    ChannelTurns turns;
    UniqueFd devpts;
    std::vector<process::Clone> servers;  ///< processes that answer system calls of the container
    bool monitor_born = false;            ///< in the background: the monitor is a process of its own
    process::Channel report;              ///< from the monitor to who asked for the start
    bool connected = false;               ///< networks stand: down scripts run at stop

    // Made by steps inside.
    UniqueFd private_proc;
    console::Pty container_console;
    std::vector<console::Pty> container_ttys;

    bool has(uint64_t namespace_flag) const noexcept { return (namespaces & namespace_flag) != 0; }
};

/// The name under which the child hands over what tells of system calls to answer.
inline std::string listener_of(const ModuleChoice& module) { return cat("listener ", module.name()); }

/// Under these names the host hands over the `tasks` files of the container's cgroups, and the child its network namespace.
inline constexpr const char* way_into_cgroups = "cgroups";
inline constexpr const char* network_namespace = "net";

/// The table: every step of a start, in order (start_table.cpp).
void fill_start_table(Run& run);

}  // namespace keelson::container
