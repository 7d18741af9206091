#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <kernel/filesystem/mount.hpp>

#include <tests/support/private_mounts.hpp>

#include <cstddef>

using namespace keelson::filesystem;
using keelson::Error;
using keelson::UniqueFd;
using keelson::test::content;
using keelson::test::in_private_mounts;
using keelson::test::mounts_below;
using keelson::test::thrown_by;
using keelson::test::Tree;

namespace {

UniqueFd open_root(const std::string& path) { return UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); }

/// This process gets ENOSYS for a call, as from a kernel that lacks it.
void take_away(uint32_t call) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog filter{std::size(program), program};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        throw Error::last("seccomp", {});
    }
}

void mount_over_link(const Tree& tree) {
    tree.directory("root/etc");
    tree.link("/etc/hostname", "root/etc/file");
    const UniqueFd root = open_root(tree / "root");
    const UniqueFd link(::open((tree / "root/etc/file").c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    attach(file_mount("hello\n", 0644, root.get()).get(), link.get(), "file");
    EXPECT_EQ(content(tree / "root/etc/file"), "hello\n");
    EXPECT_EQ(mounts_below(tree.path()).size(), 1u);
}

}  // namespace

TEST(Mount, NewFilesystemIsNowhereUntilAttached) {
    const Tree tree;
    in_private_mounts([&] {
        const UniqueFd mount = new_filesystem("tmpfs", "none", parse_options("nosuid,size=8k,mode=700"));
        EXPECT_TRUE(mounts_below(tree.path()).empty());
        attach(mount.get(), open_root(tree.path()).get(), tree.path());
        EXPECT_EQ(mounts_below(tree.path()), std::vector{tree.path() + " rw,nosuid,relatime tmpfs none"});
    });
}

TEST(Mount, FilesystemRefusalCarriesTheKernelsWords) {
    in_private_mounts([] {
        const Error error = thrown_by([] { new_filesystem("tmpfs", "none", parse_options("size=banana")); });
        EXPECT_EQ(error.object(), "tmpfs");
        EXPECT_NE(error.hint().find("size"), std::string::npos) << error.hint();
        EXPECT_EQ(thrown_by([] { new_filesystem("kltfs", "none", {}); }).code(), ENODEV);
    });
}

TEST(Mount, PlaceSetsAttributesAndPropagation) {
    const Tree tree;
    tree.directory("from");
    tree.directory("to");
    in_private_mounts([&] {
        const UniqueFd mount = clone_tree(AT_FDCWD, tree / "from", false);
        place(mount.get(), open_root(tree / "to").get(), parse_options("bind,ro,noexec,shared"), "to");
        ASSERT_EQ(mounts_below(tree / "to").size(), 1u);
        EXPECT_NE(mounts_below(tree / "to")[0].find(" ro,noexec,relatime "), std::string::npos) << mounts_below(tree / "to")[0];
        EXPECT_NE(content("/proc/self/mountinfo").find("shared:"), std::string::npos);
    });
}

TEST(Mount, WithoutMountSetattrTheAttributesAreRemounted) {
    const Tree tree;
    tree.directory("from");
    tree.directory("to");
    in_private_mounts([&] {
        take_away(SYS_mount_setattr);
        const UniqueFd mount = clone_tree(AT_FDCWD, tree / "from", false);
        place(mount.get(), open_root(tree / "to").get(), parse_options("bind,ro,nosuid,slave"), "to");
        ASSERT_EQ(mounts_below(tree / "to").size(), 1u);
        EXPECT_NE(mounts_below(tree / "to")[0].find(" ro,nosuid,relatime "), std::string::npos) << mounts_below(tree / "to")[0];
    });
}

TEST(Mount, WithoutOpenat2NamesAreWalked) {
    const Tree tree;
    tree.directory("a/b");
    tree.link("a", "link");
    in_private_mounts([&] {
        take_away(SYS_openat2);
        const UniqueFd root = open_root(tree.path());
        EXPECT_TRUE(resolve_target(root.get(), "a/b", Create::nothing));
        EXPECT_TRUE(resolve_inside(root.get(), "a/b"));
        EXPECT_FALSE(resolve_inside(root.get(), "a/c"));
        EXPECT_EQ(thrown_by([&] { resolve_target(root.get(), "link/b", Create::nothing); }).code(), ELOOP);
    });
}

TEST(Mount, FileMountLiesOverALinkItself) {
    const Tree tree;
    in_private_mounts([&] { mount_over_link(tree); });
}

TEST(Mount, DetachStackTakesEveryMountOff) {
    const Tree tree;
    tree.directory("proc");
    in_private_mounts([&] {
        for (int i = 0; i < 3; ++i) ASSERT_EQ(::mount("none", (tree / "proc").c_str(), "tmpfs", 0, nullptr), 0);
        const UniqueFd root = open_root(tree.path());
        detach_stack(root.get(), "proc");
        EXPECT_TRUE(mounts_below(tree.path()).empty());
        detach_stack(root.get(), "nothing");
    });
}
