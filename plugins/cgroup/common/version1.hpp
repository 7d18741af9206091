// cgroups of version 1: Documentation/admin-guide/cgroup-v1 of the kernel.
#pragma once

#include "controls.hpp"

namespace keelson::cgroup {

class Version1 final : public Controls {
public:
    /// A cpuset is empty at first, and nothing may enter it: it gets its parent's processors and memory nodes.
    void initialise(const Hierarchy& hierarchy, const std::string& path, const std::string& parent, Role role) const override;
    void delegate(const std::string& path, uint32_t uid, uint32_t gid) const override;
    void enter(const sdk::Context& context, const std::string& path, Role role, sdk::CgroupEntry& entry) const override;
    void lead_out(pid_t pid, const Hierarchy& hierarchy, const std::string& pivot) const override;
    void freeze(const std::string& path, bool frozen, Deadline deadline) const override;
    void release(const std::string& path) const override;
    sdk::FrozenFile frozen_file(const std::string& path) const override;
    void usage(const Hierarchy& hierarchy, const std::string& path, abi::CgroupUsage& usage) const override;
};

}  // namespace keelson::cgroup
