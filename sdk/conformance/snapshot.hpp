// What the host looks like, as far as plugins may change it.
#pragma once

#include <set>
#include <string>

namespace keelson::conformance {

/// Facts, one a string: "link eth0", "mount /mnt tmpfs", "cgroup /sys/fs/cgroup/...", "file ...", "process ...".
/// Links, addresses, routes, mounts, forwarding, packet filter and child processes are those of the calling process's
/// namespaces; of cgroups, loop devices and AppArmor profiles, which have none, only what has `mark` in its name; of files
/// what is below `directory` without its "run".
using Snapshot = std::set<std::string>;
Snapshot take_snapshot(const std::string& mark, const std::string& directory);

/// "appeared: ...; vanished: ..."; empty if nothing changed.
std::string difference(const Snapshot& before, const Snapshot& after);

/// Descriptors of the calling process, without the kit's own.
Snapshot open_descriptors();

}  // namespace keelson::conformance
