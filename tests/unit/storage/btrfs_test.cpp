#include "storage_plugin.hpp"

#include <sys/xattr.h>

using keelson::Error;
using keelson::test::attach_at;
using keelson::test::content;
using keelson::test::in_private_mounts;
using keelson::test::StoragePlugin;
using keelson::test::thrown_by;
using keelson::test::Tree;
using keelson::test::tree_of;

namespace {

/// A btrfs filesystem of its own in an image, mounted at TREE/lxc in a private mount namespace.
template <typename Body>
void on_btrfs(Body&& body) {
    if (::access("/usr/bin/mkfs.btrfs", X_OK) != 0 && ::access("/usr/sbin/mkfs.btrfs", X_OK) != 0) {
        GTEST_SKIP() << "btrfs-progs is not installed";
    }
    const Tree tree;
    const std::string image = tree / "image";
    in_private_mounts([&] {
        const std::string make = "truncate -s 128M " + image + " && mkfs.btrfs -q " + image + " > /dev/null";
        ASSERT_EQ(std::system(make.c_str()), 0);
        StoragePlugin loop("loop", tree);
        attach_at(loop.mount(image).get(), tree / "lxc");
        StoragePlugin btrfs("btrfs", tree);
        body(tree, btrfs);
        ASSERT_EQ(::umount2((tree / "lxc").c_str(), MNT_DETACH), 0);
    });
}

bool is_subvolume(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 && facts.st_ino == 256;
}

void make_subvolume(const std::string& path) { ASSERT_EQ(std::system(("btrfs -q subvolume create " + path).c_str()), 0); }

}  // namespace

TEST(StorageBtrfs, CreateThenDestroyOrUndoLeavesNothing) {
    on_btrfs([](const Tree& tree, StoragePlugin& btrfs) {
        const std::string before = tree_of(tree / "lxc");
        const std::string path = btrfs.create();
        EXPECT_TRUE(is_subvolume(path));
        EXPECT_TRUE(btrfs.recognises(path));
        btrfs.check(path);
        std::ofstream(path + "/file") << "text";
        btrfs.undo_all();
        EXPECT_EQ(tree_of(tree / "lxc"), before);
        btrfs.undo_all();
        btrfs.destroy(btrfs.create());
        btrfs.destroy(path);
        EXPECT_EQ(tree_of(tree / "lxc"), before);
    });
}

TEST(StorageBtrfs, DestroyTakesNestedSubvolumesAlong) {
    on_btrfs([](const Tree& tree, StoragePlugin& btrfs) {
        const std::string path = btrfs.create();
        std::filesystem::create_directories(path + "/var/lib");
        make_subvolume(path + "/var/lib/machines");
        make_subvolume(path + "/var/lib/machines/deep");
        std::ofstream(path + "/var/lib/machines/deep/file") << "text";
        btrfs.destroy(path);
        EXPECT_EQ(tree_of(tree / "lxc/web"), "");
    });
}

TEST(StorageBtrfs, DestroyLeavesWhatIsMountedInTheSubvolume) {
    on_btrfs([](const Tree& tree, StoragePlugin& btrfs) {
        const std::string path = btrfs.create();
        for (const std::string& subvolume : {path + "/nested", path + "/a", path + "/a/deep", tree / "lxc/foreign"})
            make_subvolume(subvolume);
        make_subvolume(tree / "lxc/foreign/deep");
        ASSERT_EQ(::mount((tree / "lxc/foreign").c_str(), (path + "/a").c_str(), nullptr, MS_BIND, nullptr), 0);
        const Error error = thrown_by([&] { btrfs.destroy(path); });
        EXPECT_EQ(error.code(), EBUSY);
        EXPECT_EQ(error.object(), path + "/a");
        EXPECT_TRUE(is_subvolume(tree / "lxc/foreign/deep") && is_subvolume(path + "/a/deep") &&
                    is_subvolume(path + "/nested"));
        ASSERT_EQ(::umount((path + "/a").c_str()), 0);
        ASSERT_EQ(::mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr), 0);
        EXPECT_THROW(btrfs.destroy(path), Error);
        EXPECT_TRUE(is_subvolume(path + "/nested"));
        ASSERT_EQ(::umount(path.c_str()), 0);
        btrfs.destroy(path);
        EXPECT_EQ(tree_of(tree / "lxc/web"), "");
    });
}

TEST(StorageBtrfs, DestroyTakesReadOnlySubvolumesAlong) {
    on_btrfs([](const Tree& tree, StoragePlugin& btrfs) {
        StoragePlugin dir("dir", tree);
        for (StoragePlugin* storage : {&btrfs, &dir}) {
            const std::string path = btrfs.create(), nested = path + "/var/nested";
            std::filesystem::create_directory(path + "/var");
            make_subvolume(nested);
            std::filesystem::create_directory(nested + "/sub");
            std::ofstream(nested + "/sub/file") << "text";
            make_subvolume(nested + "/deep");
            ASSERT_EQ(std::system(("btrfs property set " + nested + " ro true").c_str()), 0);
            storage->destroy(path);
            EXPECT_EQ(tree_of(tree / "lxc/web"), "");
        }
    });
}

TEST(StorageBtrfs, AnOrdinaryUserRemovesWhatHeMayNotDeleteAsAWhole) {
    on_btrfs([](const Tree& tree, StoragePlugin& btrfs) {
        const std::string path = btrfs.create();
        make_subvolume(path + "/nested");
        tree.file("lxc/web/rootfs/nested/file", "text");
        ASSERT_EQ(std::system(("chmod 711 " + tree / "." + " && chown -R 65534 " + tree / "lxc").c_str()), 0);
        ASSERT_EQ(::seteuid(65534), 0);
        try {
            btrfs.destroy(path);
        } catch (const Error& error) {
            ADD_FAILURE() << error.what();
        }
        ASSERT_EQ(::seteuid(0), 0);
        EXPECT_EQ(tree_of(tree / "lxc/web"), "");
    });
}

TEST(StorageBtrfs, SnapshotIsOfTheWholeTree) {
    on_btrfs([](const Tree& tree, StoragePlugin& btrfs) {
        make_subvolume(tree / "lxc/other");
        make_subvolume(tree / "lxc/other/nested");
        tree.file("lxc/other/file", "text");
        tree.file("lxc/other/nested/file", "nested");
        const std::string path = btrfs.copy(tree / "lxc/other", true);
        EXPECT_TRUE(is_subvolume(path) && is_subvolume(path + "/nested"));
        EXPECT_EQ(content(path + "/nested/file"), "nested");
        tree.file("lxc/other/file", "changed");
        EXPECT_EQ(content(path + "/file"), "text");
        btrfs.undo_all();
        EXPECT_EQ(tree_of(tree / "lxc/web"), "");
    });
}

TEST(StorageBtrfs, CopyTakesNestedSubvolumesAsDirectories) {
    on_btrfs([](const Tree& tree, StoragePlugin& btrfs) {
        make_subvolume(tree / "lxc/other");
        make_subvolume(tree / "lxc/other/nested");
        tree.file("lxc/other/nested/file", "nested");
        const std::string path = btrfs.copy(tree / "lxc/other");
        EXPECT_TRUE(is_subvolume(path));
        EXPECT_EQ(content(path + "/nested/file"), "nested");
    });
}

TEST(StorageBtrfs, CopyElsewhereLeavesOutHowBtrfsKeepsAFile) {
    on_btrfs([](const Tree& tree, StoragePlugin&) {
        tree.directory("lxc/other");
        tree.file("lxc/other/file", "text");
        const std::string file = tree / "lxc/other/file";
        ASSERT_EQ(::setxattr(file.c_str(), "btrfs.compression", "zstd", 4, 0), 0);
        const Tree elsewhere;
        const std::string copy = StoragePlugin("dir", elsewhere).copy(tree / "lxc/other") + "/file";
        EXPECT_EQ(content(copy), "text");
    });
}

TEST(StorageBtrfs, UndoProvesThatTheSubvolumeIsOurs) {
    on_btrfs([](const Tree&, StoragePlugin& btrfs) {
        const std::string path = btrfs.create();
        std::ofstream(path + "/file") << "text";
        btrfs.undo("subvolume - " + path);
        btrfs.undo("subvolume 1:256 " + path);
        EXPECT_EQ(content(path + "/file"), "text");
        std::filesystem::remove(path + "/file");
        btrfs.undo("subvolume - " + path);
        EXPECT_FALSE(std::filesystem::exists(path));
    });
}

TEST(StorageBtrfs, PlainDirectoriesAreNotItsOwn) {
    on_btrfs([](const Tree& tree, StoragePlugin& btrfs) {
        tree.directory("lxc/plain");
        EXPECT_FALSE(btrfs.recognises(tree / "lxc/plain"));
        const Error error = thrown_by([&] { btrfs.check(tree / "lxc/plain"); });
        EXPECT_EQ(error.code(), EINVAL);
        EXPECT_NE(error.hint().find("dir:"), std::string::npos);
        EXPECT_THROW(btrfs.destroy(tree / "lxc/plain"), Error);
    });
}
