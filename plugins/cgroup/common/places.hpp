// Where a container's cgroups stand below the base of each hierarchy: lxc.cgroup.dir and its kin (lxc.container.conf(5)).
#pragma once

#include <keelson/sdk/context.hpp>

#include <string>

namespace keelson::cgroup {

/// Paths without leading slash.
struct Places {
    std::string monitor;
    /// What limits are set on.
    std::string limit;
    /// Where the container's processes are and its cgroup namespace begins: `limit`, or below it.
    std::string inner;
    /// Where a monitor goes that has to leave its own cgroup and cannot go to the base.
    std::string pivot;
    /// lxc.cgroup.dir.monitor and .container: what stands there and is not ours is never removed to make room.
    bool explicit_paths = false;

    bool operator==(const Places&) const = default;
};

/// Throws an Error that names the keys when they contradict each other.
Places places_of(const sdk::Context& context);

}  // namespace keelson::cgroup
