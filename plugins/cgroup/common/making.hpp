// Making a container's cgroups, and taking them away.
#pragma once

#include "cgroups.hpp"
#include "controls.hpp"

#include <keelson/sdk/context.hpp>

namespace keelson::cgroup {

/// [host] A cgroup below the root of version 2 passes on its controllers only without processes of its own. Are we the only one
/// there, as an ordinary user's start in a cgroup of its own is? Then we can go where the monitor goes.
bool alone_in_base(const Cgroups& cgroups);
/// [host] Once those of the monitor are made. It may fail: then the payload gets no controllers.
void leave_base(const Cgroups& cgroups);

/// [host] Makes those of the payload in the hierarchies of a version. What a dead container has left at their places is
/// removed: with its processes if it carries our container's mark, else only if no process is inside. Throws EBUSY when another
/// container lives there.
void make_payload(const sdk::Context& context, const Cgroups& cgroups, const AllControls& controls, Version version);

/// [host, may repeat] The same for the monitor's, once it wants to get in: one in the foreground stays in its caller's.
void make_monitor(const sdk::Context& context, const Cgroups& cgroups, const AllControls& controls);

/// [host, may repeat] Removes one of the places in every hierarchy if it carries the container's mark, with whatever is inside;
/// the calling process and its parent leave it first. What carries no mark is removed only if it is empty, and what carries
/// another's is left. Goes on after an error and throws the first.
void remove(const sdk::Context& context, const Cgroups& cgroups, const std::string& place, const AllControls& controls);

}  // namespace keelson::cgroup
