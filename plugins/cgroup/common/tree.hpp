// One cgroup directory: making it with a mark of its owner, and removing it with all that is below and in it.
//
// The mark is an extended attribute that lives and dies with the directory, so ownership needs no file elsewhere and no
// guess from a name: `trusted.keelson`, which a container can neither see nor set, or `user.keelson` where an ordinary user
// made the cgroup (cgroupfs takes both, xattr(7); user.* since Linux 5.7).
#pragma once

#include <sys/types.h>
#include <keelson/sdk/unique_fd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keelson::cgroup {

using Deadline = std::chrono::steady_clock::time_point;
inline Deadline in_milliseconds(uint32_t count) { return std::chrono::steady_clock::now() + std::chrono::milliseconds(count); }

/// The owner that stands for "several containers", on directories above their cgroups.
inline constexpr const char* shared_owner = "shared";

/// The owner's text, empty if there is no mark; nothing if there is no directory. `ordinary_user` chooses the attribute: root
/// believes only what root has set.
std::optional<std::string> owner_of(const std::string& path, bool ordinary_user);

/// mkdir(2) and the mark. False if it exists already, or somebody else has marked it first: of two that remove and make the
/// same one at once, it is the first mark's. Throws ENOENT if somebody has removed it at once. A host that takes no marks is no
/// error: such a cgroup is removed only when it is empty.
bool make_marked(const std::string& path, const std::string& owner, bool ordinary_user);

/// To put processes into it. Throws EBUSY if it carries the mark of another than `owner`, who has taken its place.
UniqueFd open_owned(const std::string& path, const std::string& owner, bool ordinary_user);

/// Is any process in it or below?
bool populated(const std::string& path);

/// Of version 2: the root of the whole hierarchy, and not of a cgroup namespace: it alone has no type.
bool is_hierarchy_root(const std::string& directory);

/// Those of one directory, by number; not those below. A threaded cgroup of version 2 tells only its threads; signals take
/// these as well.
std::vector<pid_t> processes(const std::string& path);

/// Kills every process in it and below, but never the caller. For a cgroup that is known to be ours.
void kill_processes(const std::string& path) noexcept;

/// Of version 1: lets go of all that is frozen in it and below, which dies of a SIGKILL only then.
void thaw_below(const std::string& path);

/// Removes it if nothing is below and in it. True if it is gone (also when it was not there), else false and errno.
bool is_gone_by_rmdir(const std::string& path);

/// Removes it and all below. True if it is gone (also when it was not there), false if a process is still inside.
bool remove_empty(const std::string& path);

/// As remove_empty, for what carries no mark. It gets that of `owner` first: who has made it just now, and is about to mark it,
/// learns so that it goes. False also if somebody has marked it.
bool remove_unmarked(const std::string& path, const std::string& owner, bool ordinary_user);

/// As remove_empty, but kills first, and again until the deadline. For a cgroup that is known to be ours.
bool remove_killing(const std::string& path, Deadline deadline);

}  // namespace keelson::cgroup
