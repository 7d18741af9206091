#include <gtest/gtest.h>
#include <kernel/filesystem/mount_entry.hpp>
#include <tests/support/fake_keys.hpp>
#include <tests/support/private_mounts.hpp>

using namespace keelson::filesystem;
using keelson::Error;
using keelson::config::Config;
using keelson::test::FakeKeys;
using keelson::test::thrown_by;
using keelson::test::Tree;

namespace {

Config config_of(FakeKeys& keys, const std::string& text) {
    Config config(keys);
    config.load_text(text, "web/config");
    return config;
}

}  // namespace

TEST(MountEntry, TakesFstabsFieldsAndEscapes) {
    const MountEntry entry = parse_entry("/srv/my\\040data  mnt/my\\040data\tnone bind,create=dir 0 0", {"f", 7});
    EXPECT_EQ(entry.source, "/srv/my data");
    EXPECT_EQ(entry.target, "mnt/my data");
    EXPECT_EQ(entry.type, "none");
    EXPECT_TRUE(entry.options.bind && entry.options.create_directory);
    EXPECT_EQ(entry.title(), "f:7 ('/srv/my\\040data  mnt/my\\040data\tnone bind,create=dir 0 0')");
    EXPECT_EQ(parse_entry("a b", {}).type, "");
}

TEST(MountEntry, BadOnesAreNamedWithTheirLine) {
    const Error one = thrown_by([] { parse_entry("/only", {"web/config", 3}); });
    EXPECT_EQ(one.object(), "web/config:3 ('/only')");
    const Error two = thrown_by([] { parse_entry("a b none bind,move", {"web/config", 4}); });
    EXPECT_EQ(two.object(), "web/config:4 ('a b none bind,move')");
    EXPECT_NE(std::string(two.what()).find("bind and move"), std::string::npos);
    for (const char* options : {"idmap=container", "bind,idmap=container,size=1m"}) {
        EXPECT_THROW(parse_entry(keelson::cat("a b none ", options), {}), Error) << options;
    }
}

TEST(MountEntry, FstabLeavesCommentsOut) {
    const auto entries = parse_fstab("# comment\n\nproc proc proc defaults\n  /a b none bind\n", "/etc/fstab");
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[1].origin.line, 4u);
    EXPECT_EQ(entries[1].source, "/a");
}

TEST(MountEntry, FstabComesFirstAndTheTunnelLast) {
    FakeKeys keys;
    const Tree tree;
    tree.file("fstab", "a b tmpfs defaults\n");
    const Config config = config_of(keys,
                                    "lxc.mount.entry = c d tmpfs defaults\nlxc.mount.auto = shmounts:/run/kl:/dev/.kl\n"
                                    "lxc.mount.fstab = " +
                                        (tree / "fstab") + "\n");
    const auto entries = read_entries(config);
    ASSERT_EQ(entries.size(), 3u);
    EXPECT_EQ(entries[0].source, "a");
    EXPECT_EQ(entries[1].origin.line, 1u);
    EXPECT_EQ(entries[2].source, "/run/kl");
    EXPECT_EQ(entries[2].target, "dev/.kl");
    EXPECT_TRUE(entries[2].options.bind && entries[2].options.create_directory);
}

TEST(MountEntry, AbsoluteTargetsHaveToBeBelowTheRoot) {
    const std::vector<std::string> prefixes = {"/var/lib/lxc/web/rootfs", "", "/srv/web"};
    EXPECT_EQ(below_root("proc", prefixes), "proc");
    EXPECT_EQ(below_root("/var/lib/lxc/web/rootfs/proc", prefixes), "/proc");
    EXPECT_EQ(below_root("/srv/web", prefixes), "");
    EXPECT_FALSE(below_root("/srv/website/x", prefixes));
    EXPECT_FALSE(below_root("/etc", prefixes));
}

TEST(AutoMounts, LastTokenOfAClassCounts) {
    FakeKeys keys;
    const AutoMounts mounts =
        parse_auto(config_of(keys, "lxc.mount.auto = proc:rw sys:ro cgroup:mixed:force\nlxc.mount.auto = proc sys:rw\n"));
    EXPECT_EQ(mounts.proc, AutoMounts::Proc::mixed);
    EXPECT_EQ(mounts.sys, AutoMounts::Sys::read_write);
    EXPECT_TRUE(mounts.cgroup.wanted && mounts.cgroup.force && !mounts.cgroup.full);
    EXPECT_EQ(mounts.cgroup.mode, AutoMounts::Cgroup::Mode::mixed);
}

TEST(AutoMounts, Cgroup2IsNotLeftToTheLayout) {
    FakeKeys keys;
    const AutoMounts closed =
        parse_auto(config_of(keys, "lxc.mount.auto = cgroup-full:rw\nlxc.mount.auto = cgroup2:ro:force\n"));
    EXPECT_TRUE(closed.cgroup.wanted && closed.cgroup.unified && !closed.cgroup.full);
    EXPECT_EQ(closed.cgroup.mode, AutoMounts::Cgroup::Mode::read_only);
    EXPECT_FALSE(parse_auto(config_of(keys, "lxc.mount.auto = cgroup2\nlxc.mount.auto = cgroup:ro\n")).cgroup.unified);
}

TEST(AutoMounts, NothingIsAskedForByAnEmptyValue) {
    FakeKeys keys;
    const AutoMounts mounts = parse_auto(config_of(keys, "lxc.mount.auto = proc sys cgroup\nlxc.mount.auto =\n"));
    EXPECT_EQ(mounts.proc, AutoMounts::Proc::none);
    EXPECT_EQ(mounts.sys, AutoMounts::Sys::none);
    EXPECT_FALSE(mounts.cgroup.wanted);
}
