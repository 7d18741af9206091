#include <signal.h>
#include <sys/file.h>
#include <plugins/storage/loop/loop_device.hpp>
#include <plugins/storage/loop/superblock.hpp>

#include "storage_plugin.hpp"

using keelson::Error;
using keelson::UniqueFd;
using keelson::test::attach_at;
using keelson::test::content;
using keelson::test::in_private_mounts;
using keelson::test::mounts_below;
using keelson::test::StoragePlugin;
using keelson::test::thrown_by;
using keelson::test::Tree;
using keelson::test::tree_of;

namespace {

constexpr uint64_t small = 16 << 20;

/// How many loop devices have this file behind them (sysfs, "loop/backing_file").
int devices_over(const std::string& image) {
    int count = 0;
    for (const auto& device : std::filesystem::directory_iterator("/sys/block")) {
        std::string behind = content(device.path() / "loop/backing_file");
        while (behind.ends_with('\n')) behind.pop_back();
        count += behind == image ? 1 : 0;
    }
    return count;
}

/// The kernel clears a device after the last use, not in that very moment.
bool all_cleared(const std::string& image) {
    for (int tries = 0; tries < 100; ++tries) {
        if (devices_over(image) == 0) return true;
        ::usleep(20000);
    }
    return false;
}

}  // namespace

TEST(StorageLoop, CreateMountAndDestroyLeaveNothing) {
    const Tree tree;
    const std::string image = tree / "lxc/web/rootdev";
    in_private_mounts([&] {
        StoragePlugin loop("loop", tree);
        const std::string before = tree_of(tree.path());
        EXPECT_EQ(loop.create(small), image);
        EXPECT_TRUE(loop.recognises(image));
        loop.check(image);
        {
            const UniqueFd mount = loop.mount(image);
            EXPECT_EQ(devices_over(image), 1);
            EXPECT_TRUE(mounts_below(tree.path()).empty());
            attach_at(mount.get(), "/tmp");
            std::ofstream("/tmp/file") << "text";
            EXPECT_EQ(content("/tmp/file"), "text");
            ASSERT_EQ(::umount2("/tmp", MNT_DETACH), 0);
        }
        EXPECT_TRUE(all_cleared(image));
        loop.destroy(image);
        loop.destroy(image);
        EXPECT_EQ(tree_of(tree.path()), before);
    });
}

TEST(StorageLoop, ReadOnlyIsReadOnly) {
    const Tree tree;
    in_private_mounts([&] {
        StoragePlugin loop("loop", tree);
        const std::string image = loop.create(small);
        const UniqueFd mount = loop.mount(image, true);
        EXPECT_NE(::mkdirat(mount.get(), "x", 0755), 0);
        EXPECT_EQ(errno, EROFS);
    });
}

TEST(StorageLoop, AKilledStarterLeavesNoDevice) {
    if (::geteuid() != 0) GTEST_SKIP() << "loop devices need root";
    const Tree tree;
    StoragePlugin loop("loop", tree);
    const std::string image = loop.create(small);
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            const UniqueFd mount = loop.mount(image);
            (void)!::write(ready[1], "r", 1);
            for (;;) ::pause();
        } catch (const Error& error) {
            std::fprintf(stderr, "%s (%s)\n", error.what(), error.hint().c_str());
            ::_exit(1);
        }
    }
    ::close(ready[1]);
    char byte;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1) << "the starter ended before it was killed";
    EXPECT_EQ(devices_over(image), 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(all_cleared(image));
    ::close(ready[0]);
}

TEST(StorageLoop, UndoTakesOnlyTheFileThatWasMade) {
    if (::geteuid() != 0) GTEST_SKIP() << "making an image mounts it";
    const Tree tree;
    StoragePlugin loop("loop", tree);
    const std::string image = loop.create(small);
    const std::vector<std::string> records = loop.facts.records;
    loop.undo("file 1:1 " + image);
    loop.undo("file - " + image);
    EXPECT_TRUE(std::filesystem::exists(image));
    EXPECT_EQ(thrown_by([&] { loop.create(small); }).code(), EEXIST);
    for (const std::string& record : records) loop.undo(record);
    for (const std::string& record : records) loop.undo(record);
    EXPECT_FALSE(std::filesystem::exists(image));
}

TEST(StorageLoop, BadImagesAreRefusedWithWords) {
    const Tree tree;
    StoragePlugin loop("loop", tree);
    tree.file("empty");
    tree.directory("directory");
    EXPECT_EQ(thrown_by([&] { loop.check(tree / "none"); }).code(), ENOENT);
    EXPECT_EQ(thrown_by([&] { loop.check(tree / "empty"); }).code(), EMEDIUMTYPE);
    EXPECT_FALSE(loop.recognises(tree / "directory"));
    EXPECT_EQ(thrown_by([&] { loop.create(4096); }).code(), EINVAL);
    loop.facts.ordinary_user = true;
    EXPECT_EQ(thrown_by([&] { loop.check(tree / "empty"); }).code(), EPERM);
}

TEST(StorageLoop, CopyKeepsHoles) {
    if (::geteuid() != 0) GTEST_SKIP() << "making an image mounts it";
    const Tree tree;
    StoragePlugin loop("loop", tree);
    const std::string image = loop.create(small);
    std::filesystem::rename(image, tree / "other");
    loop.facts.records.clear();
    const std::string copy = loop.copy(tree / "other");
    EXPECT_EQ(content(copy), content(tree / "other"));
    struct stat facts {};
    ASSERT_EQ(::stat(copy.c_str(), &facts), 0);
    EXPECT_LT(facts.st_blocks * 512, static_cast<off_t>(small / 2));
}

TEST(StorageLoop, CopyThatTheFilesystemBelowHasNoRoomForFails) {
    const Tree tree;
    tree.directory("lxc");
    tree.directory("from");
    tree.file("from/file", std::string(80 << 20, 'x'));
    in_private_mounts([&] {
        ASSERT_EQ(::mount("tmpfs", (tree / "lxc").c_str(), "tmpfs", 0, "size=64m"), 0);
        StoragePlugin loop("loop", tree);
        const Error error = thrown_by([&] { loop.copy(tree / "from"); });
        EXPECT_TRUE(error.code() == EIO || error.code() == ENOSPC) << error.what();
        EXPECT_EQ(error.object(), tree / "lxc/web/rootdev");
        loop.undo_all();
        EXPECT_EQ(tree_of(tree / "lxc/web"), "");
    });
}

TEST(StorageLoop, AnImageIsMountedOnceOrOnlyRead) {
    const Tree tree;
    in_private_mounts([&] {
        StoragePlugin loop("loop", tree);
        const std::string image = loop.create(small);
        UniqueFd mount = loop.mount(image);
        const Error error = thrown_by([&] { loop.mount_in_use(image); });
        EXPECT_EQ(error.code(), EBUSY);
        EXPECT_EQ(error.object(), image);
        EXPECT_EQ(devices_over(image), 1);
        mount.reset();
        // at once, although the kernel may not be done with the last one
        mount = loop.mount(image);
        mount.reset();
        const UniqueFd one = loop.mount(image, true), two = loop.mount_in_use(image);
        EXPECT_EQ(thrown_by([&] { loop.mount(image); }).code(), EBUSY);
    });
}

TEST(StorageLoop, WhoOnlyReadsAnImageCannotKeepItFromBeingMounted) {
    const Tree tree;
    in_private_mounts([&] {
        StoragePlugin loop("loop", tree);
        const std::string image = loop.create(small);
        const UniqueFd reader(::open(image.c_str(), O_RDONLY | O_CLOEXEC));
        ASSERT_EQ(::flock(reader.get(), LOCK_SH | LOCK_NB), 0);
        EXPECT_TRUE(loop.mount(image));
    });
}

/// A copy of what is mounted has a journal to replay.
TEST(StorageLoop, WhatCrashedCanBeCopied) {
    const Tree tree;
    in_private_mounts([&] {
        StoragePlugin loop("loop", tree);
        const std::string image = loop.create(small);
        {
            const UniqueFd mount = loop.mount(image);
            const UniqueFd file(::openat(mount.get(), "file", O_WRONLY | O_CREAT, 0644));
            ASSERT_EQ(::write(file.get(), "text", 4), 4);
            ASSERT_EQ(::syncfs(file.get()), 0);
            std::filesystem::copy_file(image, tree / "crashed");
        }
        const UniqueFd mount = loop.mount_in_use(tree / "crashed");
        EXPECT_EQ(content(keelson::cat("/proc/self/fd/", mount.get(), "/file")), "text");
    });
}
