#include <gtest/gtest.h>
#include <plugins/cgroup/common/mounts.hpp>

namespace keelson::cgroup {
namespace {

Cgroups two_hierarchies() {
    return {{"lxc.monitor.c", "lxc.payload.c", "lxc.payload.c", "lxc.pivot", false},
            {{Version::one, {"memory"}, "/sys/fs/cgroup/memory", "/base"},
             {Version::one, {"name=systemd"}, "/sys/fs/cgroup/systemd", ""},
             {Version::two, {}, "/sys/fs/cgroup/unified", ""}}};
}

/// One line a mount: "type source target ro|rw".
std::string listed(const std::vector<sdk::CgroupMount>& mounts) {
    std::string text;
    for (const sdk::CgroupMount& m : mounts)
        text += cat(m.type, ' ', m.source, ' ', m.target, m.read_only ? " ro" : " rw", '\n');
    return text;
}

abi::CgroupMountRequest request() {
    abi::CgroupMountRequest r{};
    r.size = sizeof r;
    return r;
}

TEST(CgroupMounts, UnifiedIsOneMount) {
    auto r = request();
    r.own_namespace = 1;
    EXPECT_EQ(listed(unified_mounts(r)), "cgroup2 none sys/fs/cgroup rw\n");
    r.read_only = 1;
    EXPECT_EQ(listed(unified_mounts(r)), "cgroup2 none sys/fs/cgroup ro\n");
    r.own_namespace = 0;
    EXPECT_THROW(unified_mounts(r), Error);
}

TEST(CgroupMounts, AContainerThatCanMountGetsNothingUnforced) {
    auto r = request();
    r.own_namespace = r.can_mount = 1;
    EXPECT_EQ(listed(split_mounts(two_hierarchies(), r)), "");
    r.can_mount = 0;
    EXPECT_NE(listed(split_mounts(two_hierarchies(), r)), "");
}

TEST(CgroupMounts, ForcedWithANamespaceEachHierarchyIsMountedAnew) {
    auto r = request();
    r.own_namespace = r.can_mount = r.force = 1;
    const auto mounts = split_mounts(two_hierarchies(), r);
    EXPECT_EQ(listed(mounts),
              "tmpfs none sys/fs/cgroup rw\n"
              "cgroup none sys/fs/cgroup/memory rw\n"
              "cgroup none sys/fs/cgroup/systemd rw\n"
              "cgroup2 none sys/fs/cgroup/unified rw\n");
    EXPECT_TRUE(mounts[1].options == "memory");
    EXPECT_TRUE(mounts[2].options == "none,name=systemd");
}

TEST(CgroupMounts, WithoutANamespaceOnlyTheOwnCgroupIsWritable) {
    auto r = request();
    EXPECT_EQ(listed(split_mounts(two_hierarchies(), r)),
              "tmpfs none sys/fs/cgroup rw\n"
              "bind /sys/fs/cgroup/memory/base/lxc.payload.c sys/fs/cgroup/memory/base/lxc.payload.c rw\n"
              "bind /sys/fs/cgroup/systemd/lxc.payload.c sys/fs/cgroup/systemd/lxc.payload.c rw\n"
              "bind /sys/fs/cgroup/unified/lxc.payload.c sys/fs/cgroup/unified/lxc.payload.c rw\n");
    r.mixed = 1;
    EXPECT_NE(listed(split_mounts(two_hierarchies(), r)).find("lxc.payload.c rw\nbind  sys/fs/cgroup/memory ro\n"),
              std::string::npos);
    r.mixed = 0, r.read_only = 1;
    EXPECT_EQ(listed(split_mounts(two_hierarchies(), r)).find("lxc.payload.c rw"), std::string::npos);
    r.full = 1;
    EXPECT_NE(listed(split_mounts(two_hierarchies(), r)).find("cgroup none sys/fs/cgroup/memory ro\n"), std::string::npos);
}

}  // namespace
}  // namespace keelson::cgroup
