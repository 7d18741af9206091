#include "mounts.hpp"

namespace keelson::cgroup {

namespace {

constexpr const char* top = "sys/fs/cgroup";
constexpr const char* flags = "nosuid,nodev,noexec,relatime";

/// "memory" of "/sys/fs/cgroup/memory"
std::string folder_of(const Hierarchy& hierarchy) { return hierarchy.mount_point.substr(hierarchy.mount_point.rfind('/') + 1); }

sdk::CgroupMount whole_hierarchy(const Hierarchy& hierarchy, bool read_only) {
    std::string options = flags;
    for (const std::string& controller : hierarchy.controllers)
        options += cat(controller.starts_with("name=") ? ",none," : ",", controller);
    const char* type = hierarchy.version == Version::two ? "cgroup2" : "cgroup";
    return {type, type, cat(top, '/', folder_of(hierarchy)), options, read_only};
}

/// The container's own cgroup of the host's hierarchy, at the path that it has there.
void add_own_cgroup(std::vector<sdk::CgroupMount>& mounts, const Hierarchy& hierarchy, const Cgroups& cgroups,
                    const abi::CgroupMountRequest& request) {
    const std::string below = cat(folder_of(hierarchy), hierarchy.base, '/', cgroups.places.inner);
    const std::string target = cat(top, '/', folder_of(hierarchy));
    const sdk::CgroupMount own{"bind", below, cat(top, '/', below), flags, request.read_only != 0};
    mounts.push_back(own);
    // around it nothing can be written: the directories above are part of a tmpfs
    if (request.read_only != 0 || request.mixed != 0) mounts.push_back({"bind", "", target, flags, true});
}

}  // namespace

std::vector<sdk::CgroupMount> unified_mounts(const abi::CgroupMountRequest& request) {
    if (request.own_namespace == 0)
        throw Error(ENOTSUP, "lxc.mount.auto", "cgroups of version 2 are not mounted without a cgroup namespace",
                    "leave cgroup out of lxc.mount.auto, or let the container have a cgroup namespace");
    return {{"cgroup2", "cgroup2", top, flags, request.read_only != 0}};
}

std::vector<sdk::CgroupMount> split_mounts(const Cgroups& cgroups, const abi::CgroupMountRequest& request) {
    if (request.own_namespace != 0 && request.can_mount != 0 && request.force == 0) return {};
    std::vector<sdk::CgroupMount> mounts{{"tmpfs", "cgroup_root", top, cat(flags, ",size=10240k,mode=755"), false}};
    for (const Hierarchy& hierarchy : cgroups.hierarchies) {
        if (request.own_namespace != 0) {
            mounts.push_back(whole_hierarchy(hierarchy, request.read_only != 0));
        } else if (request.full != 0) {
            const std::string folder = folder_of(hierarchy);
            mounts.push_back({"bind", folder, cat(top, '/', folder), flags, request.read_only != 0});
        } else {
            add_own_cgroup(mounts, hierarchy, cgroups, request);
        }
    }
    return mounts;
}

}  // namespace keelson::cgroup
