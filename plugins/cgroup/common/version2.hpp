// cgroups of version 2: Documentation/admin-guide/cgroup-v2.rst of the kernel.
#pragma once

#include "controls.hpp"

namespace keelson::cgroup {

class Version2 final : public Controls {
public:
    /// Enables in the parent all controllers that it has, as far as the kernel lets. They stay enabled: others may use them by
    /// then.
    ///
    /// A monitor directly below the root becomes a threaded cgroup: out of that a process may go by writing "0" to the root's
    /// cgroup.threads, which takes 0.1 ms, where moving to another domain waits 7 ms for a grace period.
    void initialise(const Hierarchy& hierarchy, const std::string& path, const std::string& parent, Role role) const override;
    void delegate(const std::string& path, uint32_t uid, uint32_t gid) const override;
    /// Processes cannot enter a cgroup that distributes resources to its children, which is what systemd makes of the
    /// container's: then it is the leaf ".lxc" below.
    void enter(const sdk::Context& context, const std::string& path, Role role, sdk::CgroupEntry& entry) const override;
    void lead_out(pid_t pid, const Hierarchy& hierarchy, const std::string& pivot) const override;
    void freeze(const std::string& path, bool frozen, Deadline deadline) const override;
    void release(const std::string& path) const override;
    sdk::FrozenFile frozen_file(const std::string& path) const override;
    void usage(const Hierarchy& hierarchy, const std::string& path, abi::CgroupUsage& usage) const override;
};

}  // namespace keelson::cgroup
