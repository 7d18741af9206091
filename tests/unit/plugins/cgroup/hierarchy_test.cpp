#include <gtest/gtest.h>
#include <plugins/cgroup/common/cgroups.hpp>

namespace keelson::cgroup {
namespace {

constexpr const char* hybrid_mounts =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset,clone_children\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
    "42 31 0:31 / /mnt/again\\040here rw,relatime - cgroup cgroup rw,cpuset\n";
constexpr const char* hybrid_cgroups =
    "9:name=systemd:/user.slice/s.scope\n7:cpu,cpuacct:/user.slice\n3:cpuset:/\n0::/init.scope\n";

TEST(Hierarchy, FindsBothVersionsOnceEach) {
    const auto found = find_hierarchies(hybrid_mounts, hybrid_cgroups);
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[0].controllers, (std::vector<std::string>{"cpu", "cpuacct"}));
    EXPECT_EQ(found[0].base, "/user.slice");
    EXPECT_EQ(found[1].controllers, std::vector<std::string>{"cpuset"});
    EXPECT_EQ(found[1].base, "");
    EXPECT_EQ(found[2].controllers, std::vector<std::string>{"name=systemd"});
    EXPECT_EQ(found[2].directory("x"), "/sys/fs/cgroup/systemd/user.slice/s.scope/x");
    EXPECT_EQ(found[3].version, Version::two);
    EXPECT_TRUE(found[3].controllers.empty());
}

TEST(Hierarchy, BaseLeavesOutInitScope) {
    EXPECT_EQ(find_hierarchies("1 0 0:2 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/init.scope\n").at(0).base, "");
    EXPECT_EQ(find_hierarchies("1 0 0:2 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/a/init.scope\n").at(0).base, "/a");
}

TEST(Hierarchy, PathsBelowAMountedSubtreeAreRelativeToIt) {
    const auto found = find_hierarchies("1 0 0:2 /lxc/web /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/lxc/web/app\n");
    EXPECT_EQ(found.at(0).base_directory(), "/sys/fs/cgroup/app");
}

TEST(Hierarchy, UnescapesMountPoints) {
    const auto found = find_hierarchies("42 31 0:31 / /mnt/a\\040b rw - cgroup cgroup rw,pids\n", "3:pids:/\n");
    EXPECT_EQ(found.at(0).mount_point, "/mnt/a b");
}

TEST(Cgroups, TextAndBack) {
    const Cgroups cgroups{{"m", "d/lxc.payload.c 1", "d/lxc.payload.c 1/in", "lxc.pivot", true},
                          find_hierarchies(hybrid_mounts, hybrid_cgroups)};
    const Cgroups again = Cgroups::parse(cgroups.text());
    EXPECT_EQ(again.places, cgroups.places);
    EXPECT_EQ(again.text(), cgroups.text());
    EXPECT_EQ(again.unified()->mount_point, "/sys/fs/cgroup/unified");
    EXPECT_EQ(again.with("cpuacct")->mount_point, "/sys/fs/cgroup/cpu,cpuacct");
    EXPECT_EQ(again.with("memory"), nullptr);
    EXPECT_THROW(Cgroups::parse("something else"), Error);
    EXPECT_THROW(Cgroups::parse("cgroups\ta\tb\tc\td\t0\nnonsense"), Error);
}

}  // namespace
}  // namespace keelson::cgroup
