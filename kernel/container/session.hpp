// A command's look at a running container: the configuration that it was started with, its facts, the state that its monitor
// left, its cgroups.
#pragma once

#include <kernel/container/cgroup.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/facts.hpp>
#include <kernel/container/runtime_state.hpp>

namespace keelson::container {

class Session {
public:
    /// Throws ESRCH when the container does not run.
    explicit Session(Container& container);

    Session(const Session&) = delete;

    /// What the container was started with, whatever became of its file since: who joins it is confined by this one.
    const config::Config& config() const noexcept { return config_; }
    const Facts& facts() const noexcept { return facts_; }
    const RuntimeState& state() const noexcept { return state_; }
    std::string state_of(const std::string& key) const;
    const Cgroup& cgroup() const noexcept { return cgroup_; }

private:
    RuntimeState state_;
    config::Config config_;
    Facts facts_;
    Cgroup cgroup_;
};

/// The configuration in effect; none of a container that another runtime started, or an older Keelson. Throws.
std::optional<config::Config> config_in(const RuntimeState& state, const std::string& container);

/// A configuration item of a running container, as printed. Throws for what is no key.
std::string running_item(Container& container, const std::string& key);

/// Thrown for a command that needs a running container.
Error not_running(const Container& container);

}  // namespace keelson::container
