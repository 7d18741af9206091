// A command's look at a running container: its facts, the state that its monitor left, its cgroups.
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

    const Facts& facts() const noexcept { return facts_; }
    const RuntimeState& state() const noexcept { return state_; }
    std::string state_of(const std::string& key) const;
    const Cgroup& cgroup() const noexcept { return cgroup_; }

private:
    Facts facts_;
    RuntimeState state_;
    Cgroup cgroup_;
};

/// Thrown for a command that needs a running container.
Error not_running(const Container& container);

}  // namespace keelson::container
