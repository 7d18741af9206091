// What lxc.mount.auto = cgroup, cgroup-full and cgroup2 mean on each layout.
#pragma once

#include "cgroups.hpp"

#include <keelson/sdk/cgroup_driver.hpp>

#include <vector>

namespace keelson::cgroup {

/// Throws ENOTSUP for a container without a cgroup namespace.
std::vector<sdk::CgroupMount> unified_mounts(const abi::CgroupMountRequest& request);

/// Nothing where the container can mount its cgroups itself and `force` is not asked for.
std::vector<sdk::CgroupMount> split_mounts(const Cgroups& cgroups, const abi::CgroupMountRequest& request);

}  // namespace keelson::cgroup
