// What the two versions of cgroups do differently with one cgroup of one hierarchy.
#pragma once

#include "hierarchy.hpp"
#include "tree.hpp"

#include <keelson/sdk/cgroup_driver.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace keelson::cgroup {

enum class Role { parent, limit, inner, monitor };

/// Stateless; all calls [host]. `path`: the cgroup's directory.
class Controls {
public:
    virtual ~Controls() = default;

    /// Just made: what it needs before a process may enter. `parent`: its parent's directory.
    virtual void initialise(const Hierarchy& hierarchy, const std::string& path, const std::string& parent,
                            Role role) const = 0;
    /// Hands it to the container's root. A failure is no error: the container runs, and cannot make cgroups of its own.
    virtual void delegate(const std::string& path, uint32_t uid, uint32_t gid) const = 0;
    /// Adds what a process needs to get in.
    virtual void enter(const sdk::Context& context, const std::string& path, Role role, sdk::CgroupEntry& entry) const = 0;
    /// Moves a process, if it has not ended, to the base of the hierarchy; `pivot`: where it goes when that takes no processes.
    /// `pid` 0 is the caller, which needs no lock over all processes in version 1, and so waits for no RCU grace period.
    virtual void lead_out(pid_t pid, const Hierarchy& hierarchy, const std::string& pivot) const = 0;
    /// Throws ETIMEDOUT.
    virtual void freeze(const std::string& path, bool frozen, Deadline deadline) const = 0;
    /// Lets go of what is frozen in it, and below where that outlives SIGKILL.
    virtual void release(const std::string& path) const = 0;
    /// It is frozen as long as another text stands there.
    virtual sdk::FrozenFile frozen_file(const std::string& path) const = 0;
    /// One that is not there is not.
    bool is_frozen(const std::string& path) const;
    /// Fills in what this hierarchy can tell and leaves the rest.
    virtual void usage(const Hierarchy& hierarchy, const std::string& path, abi::CgroupUsage& usage) const = 0;
};

/// Those of both versions; null for a version that a driver leaves alone.
struct AllControls {
    const Controls* version1 = nullptr;
    const Controls* version2 = nullptr;
    const Controls* find(const Hierarchy& hierarchy) const noexcept {
        return hierarchy.version == Version::one ? version1 : version2;
    }
    /// Throws Error for a state that another driver wrote.
    const Controls& of(const Hierarchy& hierarchy) const {
        if (const Controls* controls = find(hierarchy)) return *controls;
        throw Error(EINVAL, hierarchy.mount_point, "this cgroup driver does not look after the hierarchy",
                    "the container was started with another keelson.cgroup.driver");
    }
};

/// A number in a control file; no value when there is no such file.
std::optional<uint64_t> number_in(const std::string& path);
/// The number after `word` in the lines "WORD NUMBER" of a text.
std::optional<uint64_t> number_after(std::string_view text, std::string_view word);

}  // namespace keelson::cgroup
