// Making a container's cgroups, and taking them away.
#pragma once

#include "cgroups.hpp"
#include "controls.hpp"

#include <keelson/sdk/context.hpp>

namespace keelson::cgroup {

/// [host] Makes those of the payload. What a dead container has left at their places is removed: with its processes if it
/// carries our container's mark, else only if no process is inside. Throws EBUSY when another container lives there.
void make_payload(const sdk::Context& context, const Cgroups& cgroups, const AllControls& controls);

/// [host, may repeat] The same for the monitor's, once it wants to get in: one in the foreground stays in its caller's.
void make_monitor(const sdk::Context& context, const Cgroups& cgroups, const AllControls& controls);

/// [host, may repeat] Removes those that carry the container's mark, with whatever is inside; the calling process and its parent
/// leave them first. What carries no mark is removed only if it is empty, and what carries another's is left. Goes on after an
/// error and throws the first.
void remove(const sdk::Context& context, const Cgroups& cgroups, const AllControls& controls);

}  // namespace keelson::cgroup
