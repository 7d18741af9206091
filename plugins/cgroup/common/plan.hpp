// Which cgroups a container gets on this host. Changes nothing.
#pragma once

#include "cgroups.hpp"
#include "controls.hpp"

namespace keelson::cgroup {

/// [host] Looks at the calling process's mounts, and below its own cgroup or that of pid 1. For an ordinary user only
/// hierarchies that he may write to are left; there may be none. Throws Error when the host has none at all.
Cgroups plan(const sdk::Context& context, const AllControls& controls);

}  // namespace keelson::cgroup
