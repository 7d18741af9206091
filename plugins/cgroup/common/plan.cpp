#include "plan.hpp"

#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>

namespace keelson::cgroup {

namespace {

/// lxc.cgroup.use of lxc.conf: the controllers of version 1 that containers get cgroups of.
void keep_used(std::vector<Hierarchy>& hierarchies, const std::string& use) {
    if (use.empty() || use == "@all") return;
    const auto wanted = sdk::split(use, ',');
    for (const std::string_view controller : wanted)
        if (std::ranges::none_of(hierarchies, [&](const Hierarchy& h) { return h.has(controller); }))
            throw Error(ENOENT, std::string(controller), "lxc.cgroup.use: no mounted hierarchy has the controller");
    std::erase_if(hierarchies, [&](const Hierarchy& h) {
        return h.version == Version::one &&
               std::ranges::none_of(wanted, [&](std::string_view controller) { return h.has(controller); });
    });
}

bool may(const std::string& path, int what) {
    if (::access(path.c_str(), what) == 0) return true;
    if (errno == EACCES || errno == EROFS || errno == ENOENT) return false;
    throw Error::last("ask for access to", path);
}

bool writable(const Hierarchy& hierarchy) {
    const std::string base = hierarchy.base_directory();
    const char* door = hierarchy.version == Version::two ? "/cgroup.procs" : "/tasks";
    return may(base, W_OK | X_OK) && may(base + door, W_OK);
}

}  // namespace

Cgroups plan(const sdk::Context& context, const AllControls& controls) {
    const bool own_base = context.by_ordinary_user() || context.value("lxc.cgroup.relative") == "1";
    Cgroups cgroups{places_of(context), find_hierarchies(sdk::read_file("/proc/self/mountinfo"),
                                                         sdk::read_file(own_base ? "/proc/self/cgroup" : "/proc/1/cgroup"))};
    std::erase_if(cgroups.hierarchies, [&](const Hierarchy& h) { return controls.find(h) == nullptr; });
    if (context.by_ordinary_user()) {
        std::erase_if(cgroups.hierarchies, [](const Hierarchy& h) { return !writable(h); });
        return cgroups;
    }
    if (cgroups.hierarchies.empty())
        throw Error(ENOENT, "/proc/self/mountinfo", "no cgroup hierarchy of this layout is mounted, see",
                    "mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
    keep_used(cgroups.hierarchies, context.value("lxc.cgroup.use"));
    // a frozen process dies only once it is thawed: whoever kills what is inside has to begin with the freezer
    std::ranges::stable_partition(cgroups.hierarchies, [](const Hierarchy& h) { return h.has("freezer"); });
    return cgroups;
}

}  // namespace keelson::cgroup
