#include <fcntl.h>
#include <sys/sysmacros.h>
#include <kernel/filesystem/rootfs_setup.hpp>
#include <tests/support/fake_keys.hpp>
#include <tests/support/private_mounts.hpp>

#include <algorithm>

using keelson::cat;
using keelson::Error;
using keelson::UniqueFd;
using keelson::config::Config;
using keelson::filesystem::clone_tree;
using keelson::filesystem::RootfsSetup;
using keelson::test::content;
using keelson::test::FakeKeys;
using keelson::test::in_private_mounts;
using keelson::test::mounts_below;
using keelson::test::thrown_by;
using keelson::test::Tree;

namespace {

/// A container's directory with an almost empty rootfs, and the steps of a start as far as a test wants them.
class Container {
public:
    Container() {
        for (const char* name :
             {"mnt", "lxc/web/rootfs/etc", "lxc/web/rootfs/proc", "lxc/web/rootfs/sys", "lxc/web/rootfs/dev", "src"})
            tree.directory(name);
    }
    std::string rootfs() const { return tree / "lxc/web/rootfs"; }
    std::string mount_point() const { return tree / "mnt"; }

    RootfsSetup setup(const std::string& text) {
        config.load_text(cat("lxc.rootfs.path = dir:", rootfs(), "\nlxc.rootfs.mount = ", mount_point(), "\n", text),
                         "web/config");
        return {config, tree / "lxc", "web", clone_tree(AT_FDCWD, rootfs(), true)};
    }
    /// As far as the entries.
    RootfsSetup mounted(const std::string& text) {
        RootfsSetup rootfs_setup = setup(text);
        rootfs_setup.prepare();
        rootfs_setup.map_ids(-1);
        rootfs_setup.enter_mount_namespace();
        rootfs_setup.attach_rootfs();
        rootfs_setup.mount_dev();
        rootfs_setup.mount_auto();
        rootfs_setup.mount_entries();
        return rootfs_setup;
    }
    /// Without the directory of the test, "/" being the rootfs.
    std::vector<std::string> mounts() const {
        std::vector<std::string> found;
        for (const std::string& line : mounts_below(mount_point())) found.push_back(line.substr(mount_point().size()));
        return found;
    }

    Tree tree;
    FakeKeys keys;
    Config config{keys};
};

bool has(const std::vector<std::string>& lines, const std::string& start) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.starts_with(start); });
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

std::string names_in(const std::string& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return joined(names);
}

}  // namespace

TEST(RootfsSetup, MountsAsLxcDoes) {
    Container web;
    in_private_mounts([&] {
        web.mounted("lxc.mount.auto = proc:mixed sys:mixed\n");
        std::vector<std::string> found = web.mounts();
        // Not every kernel has that file.
        std::erase(found, "/proc/sysrq-trigger ro,relatime proc proc");
        ASSERT_FALSE(found.empty());
        found.erase(found.begin());
        std::sort(found.begin(), found.end());
        EXPECT_EQ(joined(found),
                  "/dev rw,relatime tmpfs none\n"
                  "/proc rw,nosuid,nodev,noexec,relatime proc proc\n"
                  "/proc/sys ro,relatime proc proc\n"
                  "/proc/sys/net rw,nosuid,nodev,noexec,relatime proc proc\n"
                  "/sys ro,nosuid,nodev,noexec,relatime sysfs sysfs\n"
                  "/sys/devices/virtual/net rw,nosuid,nodev,noexec,relatime sysfs sysfs\n");
    });
}

TEST(RootfsSetup, ProcSysNetIsClosedWithoutNetAdmin) {
    Container web;
    in_private_mounts([&] {
        web.mounted("lxc.mount.auto = proc\nlxc.cap.drop = net_admin\n");
        EXPECT_FALSE(has(web.mounts(), "/proc/sys/net"));
        EXPECT_TRUE(has(web.mounts(), "/proc/sys ro"));
    });
}

TEST(RootfsSetup, ReadWriteMeansPlain) {
    Container web;
    in_private_mounts([&] {
        web.mounted("lxc.autodev = 0\nlxc.mount.auto = proc:rw sys:rw\n");
        EXPECT_EQ(web.mounts().size(), 3u);
        EXPECT_TRUE(has(web.mounts(), "/proc rw,nosuid,nodev,noexec,relatime proc proc"));
        EXPECT_TRUE(has(web.mounts(), "/sys rw,relatime sysfs sysfs"));
    });
}

TEST(RootfsSetup, RootfsOptionsAreAttributesOfTheMount) {
    Container web;
    in_private_mounts([&] {
        web.mounted("lxc.autodev = 0\nlxc.rootfs.options = ro,nosuid\n");
        EXPECT_TRUE(has(web.mounts(), " ro,nosuid,relatime ")) << joined(web.mounts());
    });
}

TEST(RootfsSetup, EntriesDoWhatTheirOptionsSay) {
    Container web;
    in_private_mounts([&] {
        web.tree.file("src/file", "content");
        web.mounted(cat("lxc.mount.entry = ", web.tree / "src", " data none bind,ro,nosuid,create=dir\n",
                        "lxc.mount.entry = ", web.tree / "src/file", " etc/deep/file none bind,create=file\n",
                        "lxc.mount.entry = ", web.tree / "missing", " data none bind,optional\n",
                        "lxc.mount.entry = ", web.tree / "src", " missing none bind,optional\n",
                        "lxc.mount.entry = none run tmpfs nosuid,size=1m,create=dir\n",
                        "lxc.mount.entry = data again none bind,relative,create=dir\n", "lxc.mount.entry = ", web.tree / "src",
                        " ", web.rootfs(), "/abs none bind,create=dir\n", "lxc.mount.entry = ", web.tree / "src",
                        " /elsewhere none bind,create=dir\n"));
        EXPECT_TRUE(has(web.mounts(), "/data ro,nosuid,relatime ")) << joined(web.mounts());
        EXPECT_TRUE(has(web.mounts(), "/run rw,nosuid,relatime tmpfs none"));
        EXPECT_TRUE(has(web.mounts(), "/abs rw"));
        EXPECT_EQ(content(web.mount_point() + "/etc/deep/file"), "content");
        EXPECT_EQ(content(web.mount_point() + "/again/file"), "content");
        EXPECT_NE(::access((web.mount_point() + "/elsewhere").c_str(), F_OK), 0);
        EXPECT_NE(::access("/elsewhere", F_OK), 0);
    });
}

TEST(RootfsSetup, FailingEntryIsNamedWithItsLine) {
    Container web;
    in_private_mounts([&] {
        const Error error = thrown_by([&] { web.mounted("lxc.mount.entry = /klt/none data none bind\n"); });
        EXPECT_EQ(error.object(), "web/config:3 ('/klt/none data none bind')");
        EXPECT_EQ(error.code(), ENOENT);
        EXPECT_NE(std::string(error.what()).find("/klt/none"), std::string::npos);
    });
}

TEST(RootfsSetup, PlantedLinksLeadNowhere) {
    Container web;
    std::filesystem::remove(web.rootfs() + "/proc");
    web.tree.directory("outside");
    web.tree.link(web.tree / "outside", "lxc/web/rootfs/proc");
    web.tree.link(web.tree / "outside", "lxc/web/rootfs/data");
    in_private_mounts([&] {
        EXPECT_EQ(thrown_by([&] { web.mounted("lxc.mount.auto = proc\n"); }).code(), ELOOP);
        EXPECT_TRUE(mounts_below(web.tree / "outside").empty());
    });
    in_private_mounts([&] {
        const Error error = thrown_by([&] { web.mounted("lxc.mount.entry = none data/x tmpfs create=dir\n"); });
        EXPECT_EQ(error.code(), ELOOP);
        EXPECT_NE(error.hint().find("/data in the container leads to"), std::string::npos) << error.hint();
        EXPECT_EQ(names_in(web.tree / "outside"), "");
    });
}

TEST(RootfsSetup, DevHasNodesTerminalsAndLinks) {
    Container web;
    in_private_mounts([&] {
        RootfsSetup setup = web.mounted("lxc.pty.max = 4\nlxc.tty.max = 2\n");
        setup.make_device_nodes();
        const UniqueFd pts = setup.mount_devpts();
        ASSERT_TRUE(pts);
        const UniqueFd master(::openat(pts.get(), "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
        int unlocked = 0;
        ASSERT_EQ(::ioctl(master.get(), TIOCSPTLCK, &unlocked), 0);
        const UniqueFd peer(::openat(pts.get(), "0", O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_TRUE(peer);
        setup.bind_terminals({{peer.get(), "console"}, {peer.get(), "lxc/tty1"}});
        setup.make_dev_links();
        const std::string dev = web.mount_point() + "/dev";
        EXPECT_EQ(names_in(dev),
                  "console\nfd\nfull\nlxc\nnull\nptmx\npts\nrandom\nstderr\nstdin\nstdout\ntty\ntty1\nurandom\nzero\n");
        struct stat null {
        }, console{}, terminal{};
        ASSERT_EQ(::stat((dev + "/null").c_str(), &null), 0);
        EXPECT_EQ(null.st_rdev, makedev(1, 3));
        EXPECT_EQ(null.st_mode, S_IFCHR | 0666u);
        ASSERT_EQ(::stat((dev + "/console").c_str(), &console), 0);
        ASSERT_EQ(::stat((dev + "/tty1").c_str(), &terminal), 0);
        EXPECT_EQ(console.st_rdev, terminal.st_rdev);
        EXPECT_EQ(major(console.st_rdev), 136u);
        EXPECT_EQ(std::filesystem::read_symlink(dev + "/tty1"), "lxc/tty1");
        EXPECT_TRUE(has(web.mounts(), "/dev/pts rw,nosuid,noexec,relatime devpts devpts")) << joined(web.mounts());
    });
}

TEST(RootfsSetup, TerminalsOfTheHostAreFoundInTheCopiedNamespace) {
    Container web;
    const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(master);
    ASSERT_EQ(::unlockpt(master.get()), 0);
    const UniqueFd peer(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    struct stat wanted {};
    ASSERT_EQ(::fstat(peer.get(), &wanted), 0);
    in_private_mounts([&] {
        RootfsSetup setup = web.mounted("");
        setup.bind_terminals({{peer.get(), "console"}});
        struct stat found {};
        ASSERT_EQ(::stat((web.mount_point() + "/dev/console").c_str(), &found), 0);
        EXPECT_EQ(found.st_rdev, wanted.st_rdev);
    });
}

TEST(RootfsSetup, ConsoleIsNeverMountedThroughALink) {
    Container web;
    web.tree.file("victim");
    web.tree.link(web.tree / "victim", "lxc/web/rootfs/dev/console");
    const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_EQ(::unlockpt(master.get()), 0);
    const UniqueFd peer(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    in_private_mounts([&] {
        RootfsSetup setup = web.mounted("lxc.autodev = 0\n");
        setup.bind_terminals({{peer.get(), "console"}});
        EXPECT_TRUE(std::filesystem::is_character_file(web.mount_point() + "/dev/console"));
        EXPECT_TRUE(std::filesystem::is_regular_file(web.tree / "victim"));
    });
}

TEST(RootfsSetup, WithoutRootfsTheHostsDevIsCoveredOrLeftAlone) {
    FakeKeys keys;
    const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_EQ(::unlockpt(master.get()), 0);
    const UniqueFd peer(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    const std::string before = names_in("/dev");
    for (const char* autodev : {"0", "1"}) {
        in_private_mounts([&] {
            Config config(keys);
            config.load_text(cat("lxc.autodev = ", autodev, "\nlxc.pty.max = 2\nlxc.mount.auto = proc\n"), "config");
            RootfsSetup setup(config, "/klt", "web", UniqueFd());
            setup.prepare();
            setup.enter_mount_namespace();
            setup.attach_rootfs();
            setup.mount_dev();
            setup.mount_auto();
            setup.make_device_nodes();
            setup.mount_devpts();
            setup.bind_terminals({{peer.get(), "console"}});
            setup.make_dev_links();
            setup.pivot();
            setup.mask_boot_id();
            struct stat console {
            }, wanted{};
            ASSERT_EQ(::stat("/dev/console", &console), 0);
            ASSERT_EQ(::fstat(peer.get(), &wanted), 0);
            EXPECT_EQ(console.st_rdev, wanted.st_rdev) << autodev;
        });
        EXPECT_EQ(names_in("/dev"), before) << autodev;
    }
}

TEST(RootfsSetup, ResolverLeavesTheRootfsAsItIs) {
    Container web;
    web.tree.link("../run/systemd/resolve/stub-resolv.conf", "lxc/web/rootfs/etc/resolv.conf");
    in_private_mounts([&] {
        RootfsSetup setup = web.mounted("");
        setup.write_resolver({"10.0.0.1", "fd00::1"});
        EXPECT_EQ(content(web.mount_point() + "/etc/resolv.conf"), "nameserver 10.0.0.1\nnameserver fd00::1\n");
        EXPECT_EQ(names_in(web.rootfs()), "dev\netc\nproc\nsys\n");
        EXPECT_TRUE(std::filesystem::is_symlink(web.rootfs() + "/etc/resolv.conf"));
        EXPECT_FALSE(std::filesystem::exists(web.mount_point() + "/run"));
    });
}

TEST(RootfsSetup, SomethingMountedOverTheRootfsIsFound) {
    Container web;
    in_private_mounts([&] {
        const RootfsSetup setup = web.mounted("");
        setup.check_rootfs();
        ASSERT_EQ(::mount("none", web.mount_point().c_str(), "tmpfs", 0, nullptr), 0);
        EXPECT_EQ(thrown_by([&] { setup.check_rootfs(); }).code(), EBUSY);
    });
}

TEST(RootfsSetup, PivotLeavesNothingOfTheHost) {
    Container web;
    in_private_mounts([&] {
        RootfsSetup setup = web.mounted("lxc.mount.auto = proc\n");
        setup.pivot();
        setup.mask_boot_id();
        EXPECT_EQ(names_in("/"), "dev\netc\nproc\nsys\n");
        const std::string all = content("/proc/self/mountinfo");
        EXPECT_EQ(all.find(web.tree.path() + " "), std::string::npos) << all;
        EXPECT_EQ(all.find(" sysfs "), std::string::npos) << all;
        EXPECT_NE(all.find("shared:"), std::string::npos);
        EXPECT_EQ(content("/proc/sys/kernel/random/boot_id"), content("/dev/.lxc-boot-id"));
        EXPECT_EQ(content("/dev/.lxc-boot-id").size(), 37u);
    });
}

TEST(RootfsSetup, WhatAPreMountHookPutsOverTheRootfsIsTheRootfs) {
    Container web;
    in_private_mounts([&] {
        RootfsSetup setup = web.setup("lxc.rootfs.options = nosuid\n");
        setup.prepare();
        setup.enter_mount_namespace();
        ASSERT_EQ(::mount("none", web.rootfs().c_str(), "tmpfs", 0, nullptr), 0);
        web.tree.file("lxc/web/rootfs/decrypted", "text");
        setup.attach_rootfs();
        EXPECT_EQ(content(web.mount_point() + "/decrypted"), "text");
        EXPECT_TRUE(has(web.mounts(), " rw,nosuid,relatime tmpfs none")) << joined(web.mounts());
    });
}

TEST(RootfsSetup, PinnedFilesystemCannotBeMadeReadOnlyFromInside) {
    const Tree tree;
    tree.directory("disk");
    in_private_mounts([&] {
        ASSERT_EQ(::mount("none", (tree / "disk").c_str(), "tmpfs", 0, nullptr), 0);
        tree.directory("disk/rootfs");
        const UniqueFd mount = clone_tree(AT_FDCWD, tree / "disk/rootfs", true);
        UniqueFd pin = RootfsSetup::pin(mount.get());
        ASSERT_TRUE(pin);
        EXPECT_EQ(names_in(tree / "disk/rootfs"), "");
        EXPECT_NE(::mount(nullptr, (tree / "disk").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
        EXPECT_EQ(errno, EBUSY);
        pin.reset();
        EXPECT_EQ(::mount(nullptr, (tree / "disk").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
        EXPECT_FALSE(RootfsSetup::pin(mount.get()));
    });
}

TEST(RootfsSetup, CgroupMountsAreWhatTheDriverPlans) {
    Container web;
    web.tree.directory("hierarchy/lxc.payload.web");
    in_private_mounts([&] {
        RootfsSetup setup = web.mounted("lxc.mount.entry = none sys tmpfs defaults\n");
        std::filesystem::create_directories(web.mount_point() + "/sys/fs/cgroup");
        setup.mount_cgroups(
            {{"tmpfs", "cgroup_root", "sys/fs/cgroup", "size=10240k,mode=755", false},
             {"bind", web.tree / "hierarchy", "sys/fs/cgroup/memory", "", true},
             {"bind", web.tree / "hierarchy/lxc.payload.web", "sys/fs/cgroup/memory/lxc.payload.web", "", false}});
        EXPECT_TRUE(has(web.mounts(), "/sys/fs/cgroup rw,nosuid,nodev,noexec,relatime tmpfs cgroup_root"))
            << joined(web.mounts());
        EXPECT_TRUE(has(web.mounts(), "/sys/fs/cgroup/memory ro,relatime ")) << joined(web.mounts());
        EXPECT_TRUE(has(web.mounts(), "/sys/fs/cgroup/memory/lxc.payload.web rw,relatime ")) << joined(web.mounts());
    });
}

TEST(RootfsSetup, TheHostSeesNothingOfAllThis) {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    Container web;
    const std::string before = content("/proc/self/mountinfo");
    in_private_mounts([&] { web.mounted("lxc.mount.auto = proc sys\n").pivot(); });
    EXPECT_EQ(content("/proc/self/mountinfo"), before);
    EXPECT_EQ(names_in(web.rootfs()), "dev\netc\nproc\nsys\n");
    EXPECT_EQ(names_in(web.rootfs() + "/dev"), "");
}
