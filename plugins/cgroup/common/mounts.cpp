#include "mounts.hpp"

namespace keelson::cgroup {

namespace {

constexpr const char* top = "sys/fs/cgroup";
constexpr const char* no_source = "none";

/// "memory" of "/sys/fs/cgroup/memory"
std::string folder_of(const Hierarchy& hierarchy) { return hierarchy.mount_point.substr(hierarchy.mount_point.rfind('/') + 1); }

sdk::CgroupMount whole_hierarchy(const Hierarchy& hierarchy, bool read_only) {
    std::string options;
    for (const std::string& controller : hierarchy.controllers)
        options += cat(options.empty() ? "" : ",", controller.starts_with("name=") ? "none," : "", controller);
    const char* type = hierarchy.version == Version::two ? "cgroup2" : "cgroup";
    return {type, no_source, cat(top, '/', folder_of(hierarchy)), options, read_only};
}

/// The container's own cgroup of the host's hierarchy, at the path that it has there.
void add_own_cgroup(std::vector<sdk::CgroupMount>& mounts, const Hierarchy& hierarchy, const Cgroups& cgroups,
                    const abi::CgroupMountRequest& request) {
    const std::string target = cat(top, '/', folder_of(hierarchy));
    mounts.push_back({"bind", hierarchy.directory(cgroups.places.inner), cat(target, hierarchy.base, '/', cgroups.places.inner),
                      "", request.read_only != 0});
    // around it nothing can be written: the directories above are part of the tmpfs
    if (request.read_only != 0 || request.mixed != 0) mounts.push_back({"bind", "", target, "", true});
}

}  // namespace

std::vector<sdk::CgroupMount> unified_mounts(const abi::CgroupMountRequest& request) {
    if (request.own_namespace == 0)
        throw Error(ENOTSUP, "lxc.mount.auto", "cgroups of version 2 are not mounted without a cgroup namespace",
                    "leave cgroup out of lxc.mount.auto, or let the container have a cgroup namespace");
    return {{"cgroup2", no_source, top, "", request.read_only != 0}};
}

std::vector<sdk::CgroupMount> split_mounts(const Cgroups& cgroups, const abi::CgroupMountRequest& request) {
    if (request.own_namespace != 0 && request.can_mount != 0 && request.force == 0) return {};
    std::vector<sdk::CgroupMount> mounts{{"tmpfs", no_source, top, "size=10240k,mode=755", false}};
    for (const Hierarchy& hierarchy : cgroups.hierarchies) {
        if (request.own_namespace != 0 || request.full != 0) {
            mounts.push_back(whole_hierarchy(hierarchy, request.read_only != 0));
        } else {
            add_own_cgroup(mounts, hierarchy, cgroups, request);
        }
    }
    return mounts;
}

}  // namespace keelson::cgroup
