// What of the host a runtime could leave changed, one line a thing.
#pragma once

#include <string>
#include <vector>

namespace keelson::fault {

using Snapshot = std::vector<std::string>;

struct SnapshotPlaces {
    std::string name;                ///< part of the names of everything of the test's that no namespace divides from others'
    std::string work;                ///< the directory of the test
    std::vector<std::string> files;  ///< directories that are looked through
};

/// Links, addresses, routes, packet filter, forwarding, mounts and processes of the namespaces that we are in; cgroups and loop
/// devices of the test; files with owner, mode, size and extended attributes.
Snapshot look_at_host(const SnapshotPlaces& places);

/// Files alone, by paths relative to the directory.
Snapshot look_at_tree(const std::string& directory);

/// "- line" for what is gone, "+ line" for what came.
std::vector<std::string> difference(const Snapshot& before, const Snapshot& now);

/// Cgroup directories whose names contain this one, deepest first.
std::vector<std::string> cgroups_with(const std::string& name);

/// /dev/loopN of those whose file is below the directory.
std::vector<std::string> loop_devices_below(const std::string& directory);

/// All processes of this pid namespace but ourselves.
std::vector<int> other_processes();

/// Mount points of this namespace, as they were mounted.
std::vector<std::string> mount_points();

}  // namespace keelson::fault
