#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>
#include <kernel/filesystem/tree.hpp>

#include <tests/support/private_mounts.hpp>

#include <cstring>

using keelson::Error;
using keelson::abi::IdKind;
using keelson::abi::IdRange;
using keelson::filesystem::remove_tree;
using keelson::filesystem::shift_tree;
using keelson::test::in_private_mounts;
using keelson::test::thrown_by;
using keelson::test::Tree;

namespace {

struct stat facts_of(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::lstat(path.c_str(), &facts), 0) << path;
    return facts;
}

constexpr IdRange ranges[] = {{IdKind::user, 0, 100000, 65536}, {IdKind::group, 0, 200000, 65536}};

}  // namespace

TEST(RemoveTree, FollowsNoLinkAndMayRepeat) {
    const Tree tree, outside;
    outside.file("kept");
    tree.directory("top/a/b/c");
    tree.file("top/a/file");
    tree.link(outside.path(), "top/a/link");
    tree.link("nowhere", "top/dangling");
    remove_tree(tree / "top");
    remove_tree(tree / "top");
    EXPECT_NE(::access((tree / "top").c_str(), F_OK), 0);
    EXPECT_EQ(::access((outside / "kept").c_str(), F_OK), 0);
}

TEST(RemoveTree, IsNotStoppedByDepth) {
    const Tree tree;
    ASSERT_EQ(::mkdir((tree / "top").c_str(), 0755), 0);
    keelson::UniqueFd here(::open((tree / "top").c_str(), O_RDONLY | O_DIRECTORY));
    for (int i = 0; i < 3000; ++i) {
        ASSERT_EQ(::mkdirat(here.get(), "d", 0755), 0);
        here.reset(::openat(here.get(), "d", O_RDONLY | O_DIRECTORY));
    }
    remove_tree(tree / "top");
    EXPECT_NE(::access((tree / "top").c_str(), F_OK), 0);
}

TEST(RemoveTree, StaysOutOfOtherMountsAndRemovesTheRest) {
    const Tree tree;
    in_private_mounts([&] {
        tree.directory("top/mounted");
        tree.directory("top/z");
        ASSERT_EQ(::mount("none", (tree / "top/mounted").c_str(), "tmpfs", 0, nullptr), 0);
        tree.file("top/mounted/kept");
        const Error error = thrown_by([&] { remove_tree(tree / "top"); });
        EXPECT_EQ(error.object(), tree / "top/mounted");
        EXPECT_EQ(::access((tree / "top/mounted/kept").c_str(), F_OK), 0);
        EXPECT_NE(::access((tree / "top/z").c_str(), F_OK), 0);
    });
}

TEST(RemoveTree, LeavesAMountThatIsItsTop) {
    const Tree tree;
    in_private_mounts([&] {
        tree.directory("foreign");
        tree.file("foreign/kept");
        tree.directory("top");
        ASSERT_EQ(::mount((tree / "foreign").c_str(), (tree / "top").c_str(), nullptr, MS_BIND, nullptr), 0);
        const Error error = thrown_by([&] { remove_tree(tree / "top/"); });
        EXPECT_EQ(error.object(), tree / "top");
        EXPECT_EQ(error.hint(), "something is mounted there: unmount it first");
        EXPECT_EQ(::access((tree / "foreign/kept").c_str(), F_OK), 0);
    });
}

TEST(ShiftTree, MovesOwnersAndKeepsSetuidBits) {
    if (::geteuid() != 0) GTEST_SKIP() << "changing owners needs root";
    const Tree tree;
    tree.directory("top/sub");
    tree.file("top/sub/program");
    tree.link("sub/program", "top/link");
    ASSERT_EQ(::chown((tree / "top/sub/program").c_str(), 33, 42), 0);
    ASSERT_EQ(::chmod((tree / "top/sub/program").c_str(), 06755), 0);
    ASSERT_EQ(::link((tree / "top/sub/program").c_str(), (tree / "top/second").c_str()), 0);
    shift_tree(tree / "top", ranges);
    EXPECT_EQ(facts_of(tree / "top").st_uid, 100000u);
    EXPECT_EQ(facts_of(tree / "top/link").st_gid, 200000u);
    const struct stat program = facts_of(tree / "top/second");
    EXPECT_EQ(program.st_uid, 100033u);
    EXPECT_EQ(program.st_gid, 200042u);
    EXPECT_EQ(program.st_mode & 07777, 06755u);
}

TEST(ShiftTree, MovesAclsAndCapabilities) {
    if (::geteuid() != 0) GTEST_SKIP() << "changing owners needs root";
    const Tree tree;
    tree.file("ping");
    const std::string file = tree / "ping";
    struct {
        posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
        posix_acl_xattr_entry entries[5]{
            {ACL_USER_OBJ, 6, ~0u}, {ACL_USER, 4, 1000}, {ACL_GROUP_OBJ, 4, ~0u}, {ACL_MASK, 4, ~0u}, {ACL_OTHER, 0, ~0u}};
    } acl;
    ASSERT_EQ(::setxattr(file.c_str(), "system.posix_acl_access", &acl, sizeof acl, 0), 0) << std::strerror(errno);
    const uint32_t capability[5] = {0x02000001, 1u << 13, 0, 0, 0};  // revision 2, effective, cap_net_raw
    ASSERT_EQ(::setxattr(file.c_str(), "security.capability", capability, sizeof capability, 0), 0) << std::strerror(errno);
    shift_tree(file, ranges);
    ASSERT_EQ(::getxattr(file.c_str(), "system.posix_acl_access", &acl, sizeof acl), static_cast<ssize_t>(sizeof acl));
    EXPECT_EQ(acl.entries[1].e_id, 101000u);
    uint32_t shifted[6] = {};
    ASSERT_EQ(::getxattr(file.c_str(), "security.capability", shifted, sizeof shifted), static_cast<ssize_t>(sizeof shifted));
    EXPECT_EQ(shifted[0], 0x03000001u);
    EXPECT_EQ(shifted[1], capability[1]);
    EXPECT_EQ(shifted[5], 100000u);
}

TEST(ShiftTree, NamesTheFileOutsideOfTheMap) {
    if (::geteuid() != 0) GTEST_SKIP() << "changing owners needs root";
    const Tree tree;
    tree.file("far");
    ASSERT_EQ(::chown((tree / "far").c_str(), 70000, 0), 0);
    const Error error = thrown_by([&] { shift_tree(tree.path(), ranges); });
    EXPECT_EQ(error.object(), tree / "far");
    EXPECT_NE(std::string(error.what()).find("uid 70000"), std::string::npos);
}
