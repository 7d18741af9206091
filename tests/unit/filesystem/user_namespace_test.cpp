// The same steps by a child in a user namespace, as root starts it with lxc.idmap.
#include <fcntl.h>
#include <grp.h>
#include <sys/sysmacros.h>
#include <kernel/filesystem/rootfs_setup.hpp>
#include <tests/support/fake_keys.hpp>
#include <tests/support/private_mounts.hpp>

using keelson::cat;
using keelson::Error;
using keelson::UniqueFd;
using keelson::config::Config;
using keelson::filesystem::clone_tree;
using keelson::filesystem::RootfsSetup;
using keelson::test::content;
using keelson::test::FakeKeys;
using keelson::test::Tree;

namespace {

constexpr unsigned first_id = 100000;

void write_map(pid_t child, const char* file) {
    std::ofstream map(cat("/proc/", child, "/", file));
    map << "0 " << first_id << " 65536\n";
    if (!map.flush()) throw Error(EPERM, file, "write the id map");
}

[[noreturn]] void finish() {
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
}

template <typename Body>
void guarded(Body&& body) {
    try {
        body();
    } catch (const Error& error) {
        ADD_FAILURE() << error.what() << " (" << error.hint() << ")";
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
    }
}

void expect_success(pid_t child) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

/// `outside` runs in the parent with a descriptor of the user namespace, then `inside` as root of the namespaces, PID 1.
template <typename Outside, typename Inside>
void in_user_namespace(Outside&& outside, Inside&& inside) {
    int ready[2], go[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        // Only the parent may hold the other ends, so that its failure ends the wait.
        ::close(ready[0]);
        ::close(go[1]);
        guarded([&] {
            char byte = 0;
            if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC) != 0)
                throw Error::last("unshare", {});
            if (::write(ready[1], "r", 1) != 1 || ::read(go[0], &byte, 1) != 1) throw Error::last("wait", "the parent");
            if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
                throw Error::last("become root", {});
            const pid_t init = ::fork();
            if (init == 0) {
                guarded(inside);
                finish();
            }
            expect_success(init);
        });
        finish();
    }
    char byte = 0;
    ::close(ready[1]);
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    guarded([&] {
        write_map(child, "uid_map");
        write_map(child, "gid_map");
        const UniqueFd user(::open(cat("/proc/", child, "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
        outside(user.get());
        EXPECT_EQ(::write(go[1], "g", 1), 1);
    });
    ::close(go[1]);
    expect_success(child);
    ::close(ready[0]);
    ::close(go[0]);
}

class Unprivileged : public ::testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "id maps of other users need root";
        for (const char* name : {"mnt", "private/rootfs/etc", "private/rootfs/proc", "private/rootfs/sys", "src"})
            tree.directory(name);
        ASSERT_EQ(::chmod((tree / "private").c_str(), 0700), 0);
    }
    RootfsSetup setup(const std::string& text) {
        config.load_text(
            cat("lxc.rootfs.path = dir:", tree / "private/rootfs", "\nlxc.rootfs.mount = ", tree / "mnt", "\n", text),
            "config");
        return {config, tree / "lxc", "web", clone_tree(AT_FDCWD, tree / "private/rootfs", true)};
    }
    void give_rootfs(unsigned id) {
        for (const char* name : {"", "/etc", "/proc", "/sys"}) {
            ASSERT_EQ(::chown((tree / "private/rootfs" + name).c_str(), id, id), 0);
        }
    }
    void all_steps(RootfsSetup& rootfs) {
        rootfs.enter_mount_namespace();
        rootfs.attach_rootfs();
        rootfs.mount_dev();
        rootfs.mount_auto();
        rootfs.mount_entries();
        rootfs.write_resolver({"10.0.0.1"});
        rootfs.check_rootfs();
        rootfs.make_device_nodes();
        EXPECT_TRUE(rootfs.mount_devpts());
        rootfs.make_dev_links();
        EXPECT_TRUE(RootfsSetup::private_proc());
        rootfs.pivot();
        rootfs.mask_boot_id();
    }

    Tree tree;
    FakeKeys keys;
    Config config{keys};
};

struct stat facts_of(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::lstat(path.c_str(), &facts), 0) << path;
    return facts;
}

}  // namespace

TEST_F(Unprivileged, HasItsTreeAlthoughItsRootCannotReachTheDirectory) {
    give_rootfs(first_id);
    RootfsSetup rootfs = setup(
        "lxc.mount.auto = proc:mixed sys:mixed\nlxc.pty.max = 8\n"
        "lxc.mount.entry = none run tmpfs create=dir,size=64k\n"
        "lxc.mount.entry = /sys/kernel/debug sys/kernel/debug none bind,optional\n");
    rootfs.prepare();
    EXPECT_FALSE(rootfs.wants_id_maps());
    in_user_namespace([&](int) {},
                      [&] {
                          all_steps(rootfs);
                          EXPECT_EQ(facts_of("/").st_uid, 0u);
                          EXPECT_EQ(facts_of("/dev").st_uid, 0u);
                          EXPECT_EQ(facts_of("/dev/null").st_rdev, makedev(1, 3));
                          EXPECT_EQ(content("/etc/resolv.conf"), "nameserver 10.0.0.1\n");
                          std::ofstream("/dev/null") << "x";
                          const UniqueFd master(::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
                          EXPECT_TRUE(master);
                          const std::string all = content("/proc/self/mountinfo");
                          EXPECT_NE(all.find(" /proc/sys ro,relatime "), std::string::npos) << all;
                          EXPECT_NE(all.find(" /sys ro,nosuid,nodev,noexec,relatime "), std::string::npos) << all;
                          EXPECT_NE(all.find(" /sys/devices/virtual/net rw,"), std::string::npos) << all;
                          EXPECT_NE(all.find(" /proc/sys/kernel/random/boot_id ro,"), std::string::npos) << all;
                          EXPECT_EQ(all.find(tree.path() + " "), std::string::npos) << all;
                          EXPECT_EQ(::access("/work", F_OK), -1);
                      });
    EXPECT_EQ(content(tree / "private/rootfs/etc/resolv.conf"), "");
}

/// With a map, as the kernel wants it for id mapped mounts.
UniqueFd some_user_namespace() {
    UniqueFd found;
    in_user_namespace([&](int user) { found.reset(::fcntl(user, F_DUPFD_CLOEXEC, 3)); }, [] {});
    return found;
}

/// Overlays take id maps from Linux 5.19 on for their layers only, tmpfs from 6.3 on.
bool takes_id_maps(const std::string& path) {
    const UniqueFd user = some_user_namespace();
    try {
        keelson::filesystem::set_idmap(clone_tree(AT_FDCWD, path, false).get(), user.get(), false);
        return true;
    } catch (const Error& error) {
        if (error.code() != EINVAL) throw;
        return false;
    }
}

TEST_F(Unprivileged, IdmappedRootfsBelongsToItsRootWithoutAChange) {
    if (!takes_id_maps(tree / "private/rootfs")) GTEST_SKIP() << "the filesystem of the temporary directory takes no id map";
    tree.file("src/file", "text");
    ASSERT_EQ(::chown((tree / "src/file").c_str(), 7, 7), 0);
    RootfsSetup rootfs =
        setup(cat("lxc.rootfs.options = idmap=container\nlxc.mount.auto = proc\nlxc.pty.max = 1\n",
                  "lxc.mount.entry = ", tree / "src", " mnt none bind,ro,nosuid,idmap=container,create=dir\n"));
    rootfs.prepare();
    EXPECT_TRUE(rootfs.wants_id_maps());
    in_user_namespace([&](int user) { rootfs.map_ids(user); },
                      [&] {
                          all_steps(rootfs);
                          EXPECT_EQ(facts_of("/etc").st_uid, 0u);
                          EXPECT_EQ(facts_of("/mnt/file").st_uid, 7u);
                          std::ofstream("/etc/made") << "text";
                          EXPECT_EQ(content("/etc/made"), "text");
                          EXPECT_NE(content("/proc/self/mountinfo").find(" /mnt ro,nosuid,relatime"), std::string::npos);
                      });
    EXPECT_EQ(facts_of(tree / "private/rootfs/etc/made").st_uid, 0u);
}

TEST_F(Unprivileged, IdmapOfAContainerWithoutAUserNamespaceChangesNothing) {
    RootfsSetup rootfs = setup("lxc.rootfs.options = idmap=container\n");
    rootfs.prepare();
    EXPECT_NO_THROW(rootfs.map_ids(-1));
}

TEST_F(Unprivileged, IdmapOfNoUserNamespaceIsAnError) {
    RootfsSetup rootfs = setup("lxc.rootfs.options = idmap=/proc/self/ns/mnt\n");
    rootfs.prepare();
    const Error error = keelson::test::thrown_by([&] { rootfs.map_ids(-1); });
    EXPECT_EQ(error.code(), EINVAL);
    EXPECT_EQ(error.object(), cat("dir:", tree / "private/rootfs"));
}

TEST_F(Unprivileged, OrdinaryUsersHostIsAUserNamespaceOfItsOwn) {
    give_rootfs(first_id);
    ASSERT_EQ(::chown((tree / "private").c_str(), first_id, first_id), 0);
    in_user_namespace([](int) {},
                      [&] {
                          if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) throw Error::last("mount", "/");
                          RootfsSetup rootfs = setup("lxc.mount.auto = proc sys\nlxc.pty.max = 4\n");
                          rootfs.prepare();
                          std::fflush(nullptr);
                          const pid_t child = ::fork();
                          if (child == 0) {
                              guarded([&] {
                                  if (::unshare(CLONE_NEWNS) != 0) throw Error::last("unshare", {});
                                  all_steps(rootfs);
                                  EXPECT_EQ(facts_of("/dev/zero").st_rdev, makedev(1, 5));
                              });
                              finish();
                          }
                          expect_success(child);
                      });
}
