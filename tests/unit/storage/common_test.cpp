#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <keelson/sdk/remove_tree.hpp>
#include <plugins/storage/common/access.hpp>
#include <plugins/storage/common/made.hpp>
#include <plugins/storage/common/tree_copy.hpp>

#include "storage_plugin.hpp"

#include <thread>

using keelson::cat;
using keelson::Error;
using keelson::test::content;
using keelson::test::in_private_mounts;
using keelson::test::thrown_by;
using keelson::test::Tree;
using namespace keelson::storage;

namespace {

struct stat facts_of(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::lstat(path.c_str(), &facts), 0) << path;
    return facts;
}

/// "name/name/...", made below a directory; with a file beside each directory but the first.
void nest(const std::string& top, const std::string& name, int levels) {
    keelson::UniqueFd here(::open(top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < levels; ++i) {
        ASSERT_EQ(::mkdirat(here.get(), name.c_str(), 0755), 0) << std::strerror(errno);
        here.reset(::openat(here.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        ASSERT_EQ(::mknodat(here.get(), "file", S_IFREG | 0644, 0), 0) << std::strerror(errno);
    }
}

/// How many of them there are.
int depth_of(const std::string& top, const std::string& name) {
    keelson::UniqueFd here(::open(top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (int depth = 0;; ++depth) {
        keelson::UniqueFd below(::openat(here.get(), name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!below || ::faccessat(below.get(), "file", F_OK, 0) != 0) return depth;
        here = std::move(below);
    }
}

/// With a limit to the number of descriptors.
template <typename Body>
void with_files(rlim_t most, Body&& body) {
    struct rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit limit { most, before.rlim_max };
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    body();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace

TEST(StorageRecords, ComeBackAsTheyWereWritten) {
    const Made made{Made::Kind::subvolume, "/srv/my web/rootfs", Identity{7, 256}};
    const Made back = made_from(to_text(made));
    EXPECT_EQ(back.kind, made.kind);
    EXPECT_EQ(back.path, made.path);
    EXPECT_EQ(back.identity, made.identity);
    EXPECT_FALSE(made_from(to_text({Made::Kind::file, "/a", {}})).identity);
    for (const char* bad : {"", "directory", "directory - relative", "thing - /a", "file 1 /a", "file 1:x /a", "file : /a"}) {
        EXPECT_THROW(made_from(bad), Error) << bad;
    }
}

TEST(StorageAccess, FirstBarrierIsNamed) {
    if (::geteuid() != 0) GTEST_SKIP() << "directories of another owner need root";
    const Tree tree;
    tree.directory("a/b/c");
    ASSERT_EQ(::chmod((tree / "a/b").c_str(), 0700), 0);
    const auto barrier = first_barrier(tree / "a/b/c", 100000, 100000);
    ASSERT_TRUE(barrier);
    EXPECT_EQ(barrier->directory, tree / "a/b");
    EXPECT_EQ(barrier->words(), (tree / "a/b") + " (drwx------, uid 0)");
    EXPECT_FALSE(first_barrier(tree / "a/b/c", 0, 0));
    ASSERT_EQ(::chmod((tree / "a/b").c_str(), 0710), 0);
    EXPECT_FALSE(first_barrier(tree / "a/b/c", 100000, 0));
}

TEST(TreeCopy, KeepsWhatAFileHas) {
    if (::geteuid() != 0) GTEST_SKIP() << "devices and owners need root";
    const Tree tree;
    tree.directory("from/dir");
    tree.directory("to");
    tree.file("from/dir/plain", "text");
    ASSERT_EQ(::chown((tree / "from/dir/plain").c_str(), 33, 44), 0);
    ASSERT_EQ(::chmod((tree / "from/dir/plain").c_str(), 06711), 0);
    ASSERT_EQ(::setxattr((tree / "from/dir/plain").c_str(), "trusted.klt", "value", 5, 0), 0);
    const timespec times[2] = {{1000, 5}, {2000, 6}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (tree / "from/dir/plain").c_str(), times, 0), 0);
    ASSERT_EQ(::link((tree / "from/dir/plain").c_str(), (tree / "from/second").c_str()), 0);
    tree.link("/nowhere/at all", "from/link");
    ASSERT_EQ(::mknod((tree / "from/null").c_str(), S_IFCHR | 0622, makedev(1, 3)), 0);
    ASSERT_EQ(::chmod((tree / "from/null").c_str(), 0622), 0);
    ASSERT_EQ(::mkfifo((tree / "from/fifo").c_str(), 0640), 0);
    ASSERT_EQ(::chmod((tree / "from/dir").c_str(), 01751), 0);
    ASSERT_EQ(::utimensat(AT_FDCWD, (tree / "from/dir").c_str(), times, 0), 0);

    copy_tree(tree / "from", tree / "to");

    EXPECT_EQ(keelson::test::tree_of(tree / "from"), keelson::test::tree_of(tree / "to"));
    const struct stat plain = facts_of(tree / "to/dir/plain"), directory = facts_of(tree / "to/dir");
    EXPECT_EQ(content(tree / "to/dir/plain"), "text");
    EXPECT_EQ(plain.st_uid, 33u);
    EXPECT_EQ(plain.st_gid, 44u);
    EXPECT_EQ(plain.st_mode & 07777, 06711u);
    EXPECT_EQ(plain.st_mtim.tv_sec, 2000);
    EXPECT_EQ(plain.st_mtim.tv_nsec, 6);
    EXPECT_EQ(plain.st_ino, facts_of(tree / "to/second").st_ino);
    EXPECT_EQ(directory.st_mode & 07777, 01751u);
    EXPECT_EQ(directory.st_mtim.tv_sec, 2000);
    char value[8] = {};
    EXPECT_EQ(::getxattr((tree / "to/second").c_str(), "trusted.klt", value, sizeof value), 5);
    EXPECT_STREQ(value, "value");
    EXPECT_EQ(std::filesystem::read_symlink(tree / "to/link"), "/nowhere/at all");
    EXPECT_EQ(facts_of(tree / "to/null").st_rdev, makedev(1, 3));
    EXPECT_EQ(facts_of(tree / "to/null").st_mode & 0777, 0622u);
    EXPECT_TRUE(S_ISFIFO(facts_of(tree / "to/fifo").st_mode));
}

TEST(TreeCopy, TakesNoAccessListFromWhereItIsMade) {
    const Tree tree;
    tree.directory("from/dir");
    tree.directory("to");
    tree.file("from/dir/file", "text");
    constexpr auto nobody = static_cast<uint32_t>(ACL_UNDEFINED_ID);
    const struct {
        posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
        posix_acl_xattr_entry entries[5] = {{ACL_USER_OBJ, 7, nobody},
                                            {ACL_USER, 7, 1234},
                                            {ACL_GROUP_OBJ, 0, nobody},
                                            {ACL_MASK, 7, nobody},
                                            {ACL_OTHER, 0, nobody}};
    } acl;
    if (::setxattr((tree / "to").c_str(), "system.posix_acl_default", &acl, sizeof acl, 0) != 0) GTEST_SKIP() << "no ACLs here";
    copy_tree(tree / "from", tree / "to");
    for (const char* name : {"to", "to/dir", "to/dir/file"}) {
        for (const char* kind : {"system.posix_acl_default", "system.posix_acl_access"})
            EXPECT_LT(::getxattr((tree / name).c_str(), kind, nullptr, 0), 0) << name << " has " << kind;
    }
    EXPECT_EQ(facts_of(tree / "to/dir").st_mode, facts_of(tree / "from/dir").st_mode);
}

TEST(TreeCopy, KeepsModesWhateverTheMaskOfTheCaller) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root reads what nobody may read";
    const Tree tree;
    tree.directory("from");
    tree.directory("to");
    const mode_t modes[] = {0, 0222, 0440, 0644, 0666, 0777, 02755, 04755};
    for (const mode_t mode : modes) {
        tree.file(cat("from/", mode), "text");
        ASSERT_EQ(::chmod((tree / cat("from/", mode)).c_str(), mode), 0);
    }
    for (const mode_t mask : {0, 022, 0777}) {
        const std::string to = tree / cat("to/", mask);
        tree.directory(cat("to/", mask));
        const mode_t before = ::umask(mask);
        copy_tree(tree / "from", to);
        ::umask(before);
        for (const mode_t mode : modes) EXPECT_EQ(facts_of(cat(to, "/", mode)).st_mode & 07777, mode) << mask;
    }
}

TEST(TreeCopy, KeepsHoles) {
    const Tree tree;
    tree.directory("from");
    tree.directory("to");
    const keelson::UniqueFd file(::open((tree / "from/sparse").c_str(), O_RDWR | O_CREAT, 0644));
    ASSERT_EQ(::pwrite(file.get(), "middle", 6, 8 << 20), 6);
    ASSERT_EQ(::ftruncate(file.get(), 64 << 20), 0);
    copy_tree(tree / "from", tree / "to");
    const struct stat copy = facts_of(tree / "to/sparse");
    EXPECT_EQ(copy.st_size, 64 << 20);
    EXPECT_LT(copy.st_blocks, 1024);
    EXPECT_EQ(content(tree / "to/sparse"), content(tree / "from/sparse"));
}

TEST(TreeCopy, LeavesOtherMountsEmpty) {
    const Tree tree;
    tree.directory("from/mounted");
    tree.directory("to");
    in_private_mounts([&] {
        ASSERT_EQ(::mount("none", (tree / "from/mounted").c_str(), "tmpfs", 0, nullptr), 0);
        tree.file("from/mounted/file");
        copy_tree(tree / "from", tree / "to");
        EXPECT_EQ(keelson::test::tree_of(tree / "to"), "/mounted\n");
    });
}

TEST(TreeCopy, DepthTakesNoDescriptors) {
    const Tree tree;
    tree.directory("from");
    tree.directory("to");
    nest(tree / "from", "d", 1500);
    with_files(128, [&] { EXPECT_NO_THROW(copy_tree(tree / "from", tree / "to")); });
    EXPECT_EQ(depth_of(tree / "to", "d"), 1500);
    for (const char* top : {"from", "to"}) keelson::sdk::remove_tree(tree / top);
}

TEST(TreeCopy, WhatIsTooDeepIsSaid) {
    const Tree tree;
    tree.directory("from");
    tree.directory("to");
    nest(tree / "from", "deep", 3000);
    const Error error = thrown_by([&] { copy_tree(tree / "from", tree / "to"); });
    EXPECT_EQ(error.code(), ENAMETOOLONG);
    EXPECT_TRUE(error.object().starts_with("/deep/deep/")) << error.object();
    for (const char* top : {"from", "to"}) keelson::sdk::remove_tree(tree / top);
}

TEST(TreeCopy, ACopyInItsOriginalLeavesItselfOut) {
    const Tree tree;
    tree.directory("from/lxc/copy/rootfs");
    tree.file("from/file");
    copy_tree(tree / "from", tree / "from/lxc/copy/rootfs");
    EXPECT_EQ(keelson::test::tree_of(tree / "from/lxc/copy/rootfs"), "/file\n/lxc\n/lxc/copy\n");
}

TEST(TreeCopy, WhatVanishesMeanwhileIsPassedOver) {
    const Tree tree;
    tree.directory("from");
    tree.directory("to");
    constexpr int files = 500;
    for (int i = 0; i < files; ++i) {
        tree.file(cat("from/file", i), "text");
        if (i % 2 != 0) continue;
        ASSERT_EQ(::link((tree / cat("from/file", i)).c_str(), (tree / cat("from/link", i)).c_str()), 0);
    }
    std::thread guest([&] {
        // Their names have been read by then.
        while (std::filesystem::is_empty(tree / "to")) std::this_thread::yield();
        for (int i = 0; i < files; ++i) ::unlink((tree / cat("from/file", i)).c_str());
    });
    EXPECT_NO_THROW(copy_tree(tree / "from", tree / "to"));
    guest.join();
    for (int i = 0; i < files; i += 2) EXPECT_TRUE(std::filesystem::exists(tree / cat("to/link", i)));
}
