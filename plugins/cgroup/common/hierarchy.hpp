// The cgroup hierarchies of a host, as the kernel shows them (cgroups(7), proc(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::cgroup {

enum class Version { one, two };

struct Hierarchy {
    Version version = Version::one;
    /// "cpu", "name=systemd". Empty for version 2, whose controllers may change: they stand in cgroup.controllers.
    std::vector<std::string> controllers;
    /// "/sys/fs/cgroup/memory"
    std::string mount_point;
    /// The cgroup below which containers' cgroups are made: "" for the root, else "/system.slice".
    std::string base;

    bool has(std::string_view controller) const noexcept;
    std::string base_directory() const { return mount_point + base; }
    /// `relative` without leading slash.
    std::string directory(std::string_view relative) const;
};

/// `mountinfo`: /proc/self/mountinfo. `cgroups`: /proc/PID/cgroup of the process whose cgroups are the base (pid 1's
/// "/init.scope", which systemd keeps for itself, is not part of a base). A hierarchy that is mounted twice counts once.
std::vector<Hierarchy> find_hierarchies(std::string_view mountinfo, std::string_view cgroups);

/// Path in /proc/PID/cgroup's text of the process's cgroup in that hierarchy ("/" for its root); empty if there is none.
std::string cgroup_of(std::string_view cgroups, const Hierarchy& hierarchy);

}  // namespace keelson::cgroup
