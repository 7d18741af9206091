// lxc.cgroup.* and lxc.cgroup2.*: which hierarchy a line goes to, and writing it.
#pragma once

#include "cgroups.hpp"
#include "controls.hpp"

#include <keelson/sdk/context.hpp>

#include <string_view>

namespace keelson::cgroup {

/// [host] Writes the lines of one phase to the limit cgroups, in file order. Lines for a version that the host does not have,
/// or whose controller the other version has, are left out with a warning, as are all of them where there are no cgroups.
/// Throws an Error with the key as object.
void write_limits(const sdk::Context& context, const Cgroups& cgroups, abi::CgroupPhase phase);

/// [host, may repeat] lxc.cgroup2.devices.allow or .deny for a running container: changes the rules that are in effect.
/// `file`: "devices.allow". The rules are remembered in the container's runtime directory.
void change_devices(const sdk::Context& context, const Cgroups& cgroups, std::string_view file, std::string_view rule);

/// The hierarchy whose file "CONTROLLER.NAME" it is. Throws Error.
const Hierarchy& hierarchy_for(const Cgroups& cgroups, std::string_view file);

/// Are device rules a program (version 2), and not files of a version 1 hierarchy?
bool devices_by_program(const Cgroups& cgroups);

}  // namespace keelson::cgroup
