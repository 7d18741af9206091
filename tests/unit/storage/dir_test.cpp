#include "storage_plugin.hpp"

using keelson::Error;
using keelson::UniqueFd;
using keelson::abi::IdKind;
using keelson::test::attach_at;
using keelson::test::content;
using keelson::test::in_private_mounts;
using keelson::test::mounts_below;
using keelson::test::StoragePlugin;
using keelson::test::thrown_by;
using keelson::test::Tree;
using keelson::test::tree_of;

namespace {

void give_ids(StoragePlugin& plugin) {
    plugin.facts.id_ranges = {{IdKind::user, 0, 100000, 65536}, {IdKind::group, 0, 100000, 65536}};
    plugin.facts.root_uid = plugin.facts.root_gid = 100000;
}

}  // namespace

TEST(StorageDir, UndoneCreationLeavesNothing) {
    const Tree tree;
    StoragePlugin dir("dir", tree);
    const std::string before = tree_of(tree.path());
    const std::string path = dir.create();
    EXPECT_EQ(path, dir.rootfs());
    tree.directory("lxc/web/rootfs/etc");
    dir.undo_all();
    EXPECT_EQ(tree_of(tree.path()), before);
    dir.undo_all();
    EXPECT_EQ(tree_of(tree.path()), before);
}

TEST(StorageDir, UndoTouchesNothingThatWasThereOrIsAnothers) {
    const Tree tree;
    StoragePlugin dir("dir", tree);
    tree.directory("lxc/web/rootfs/kept");
    dir.create();
    EXPECT_TRUE(dir.facts.records.empty());
    // Killed between intent and completion: what is empty goes, what is filled is somebody else's.
    dir.undo("directory - " + dir.rootfs());
    EXPECT_EQ(tree_of(dir.rootfs()), "/kept\n");
    // The path was used again by another.
    dir.undo("directory 1:1 " + dir.rootfs());
    EXPECT_EQ(tree_of(dir.rootfs()), "/kept\n");
}

TEST(StorageDir, DestroyRemovesAllAndMayRepeat) {
    const Tree tree;
    StoragePlugin dir("dir", tree);
    const std::string path = dir.create();
    tree.file("lxc/web/rootfs/file");
    dir.destroy(path);
    dir.destroy(path);
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(StorageDir, DestroyRefusesWhatCanOnlyBeAMistake) {
    const Tree tree;
    StoragePlugin dir("dir", tree);
    tree.directory("victim");
    tree.file("victim/file");
    tree.link(tree / "victim", "link");
    tree.link("/", "root");
    for (const std::string& path : {std::string("/"), std::string("//"), std::string("/klt-none"), std::string("//klt-none/"),
                                    std::string("relative"), tree / "link", tree / "link/", tree / "link/.", tree / "victim/..",
                                    tree / "lxc/web/..", tree / "lxc", tree / "root/klt-none"}) {
        EXPECT_THROW(dir.destroy(path), Error) << path;
    }
    EXPECT_EQ(tree_of(tree / "victim"), "/file\n");
}

TEST(StorageDir, DestroyLeavesTheRootfsOfAnotherContainer) {
    const Tree tree;
    StoragePlugin dir("dir", tree);
    tree.directory("lxc/other/rootfs");
    tree.directory("lxc/nobodys/rootfs");
    tree.file("lxc/other/config", "");
    tree.file("lxc/other/rootfs/file", "text");
    tree.file("lxc/nobodys/rootfs/file", "text");
    const Error error = thrown_by([&] { dir.destroy(tree / "lxc/other/../other/rootfs"); });
    EXPECT_EQ(error.code(), EPERM);
    EXPECT_NE(std::string(error.what()).find(tree / "lxc/other:"), std::string::npos) << error.what();
    EXPECT_EQ(content(tree / "lxc/other/rootfs/file"), "text");
    dir.destroy(tree / "lxc/nobodys/rootfs");
    EXPECT_FALSE(std::filesystem::exists(tree / "lxc/nobodys/rootfs"));
}

TEST(StorageDir, MissingRootfsIsSaid) {
    const Tree tree;
    StoragePlugin dir("dir", tree);
    const Error error = thrown_by([&] { dir.check(tree / "none"); });
    EXPECT_EQ(error.code(), ENOENT);
    EXPECT_EQ(error.object(), tree / "none");
    EXPECT_NE(error.hint().find("lxc.rootfs.path"), std::string::npos);
    tree.file("file");
    EXPECT_EQ(thrown_by([&] { dir.check(tree / "file"); }).code(), ENOTDIR);
    tree.directory("real");
    tree.link("real", "link");
    EXPECT_EQ(thrown_by([&] { dir.check(tree / "link"); }).code(), ELOOP);
    EXPECT_EQ(thrown_by([&] { dir.check(tree / "real", "size=1"); }).object(), "size=1");
    dir.check(tree / "real");
}

TEST(StorageDir, RootfsThatTheContainersRootCannotEnterGivesTheWayOut) {
    if (::geteuid() != 0) GTEST_SKIP() << "a directory of another owner needs root";
    const Tree tree;
    StoragePlugin dir("dir", tree);
    give_ids(dir);
    tree.directory("rootfs");
    ASSERT_EQ(::chmod((tree / "rootfs").c_str(), 0700), 0);
    const Error error = thrown_by([&] { dir.check(tree / "rootfs"); });
    EXPECT_EQ(error.code(), EACCES);
    EXPECT_EQ(error.hint(), "uid 100000, the container's root, cannot enter " + (tree / "rootfs") +
                                " (drwx------, uid 0): chmod o+x " + (tree / "rootfs") +
                                ", or set lxc.rootfs.options = idmap=container");
    dir.facts.lines = {{"lxc.rootfs.options", "ro,idmap=container"}};
    dir.check(tree / "rootfs");
    dir.facts.lines.clear();
    ASSERT_EQ(::chmod((tree / "rootfs").c_str(), 0755), 0);
    dir.check(tree / "rootfs");
    EXPECT_TRUE(dir.facts.warned("belong to nobody"));
}

TEST(StorageDir, DirectoryThatTheStarterCannotEnterIsNamed) {
    const Tree tree;
    tree.directory("closed/rootfs");
    ASSERT_EQ(::chmod((tree / "closed").c_str(), 0700), 0);
    in_private_mounts([&] {
        StoragePlugin dir("dir", tree);
        dir.check(tree / "closed/rootfs");
        ASSERT_TRUE(::setresgid(65534, 65534, 65534) == 0 && ::setresuid(65534, 65534, 65534) == 0);
        const Error error = thrown_by([&] { dir.check(tree / "closed/rootfs"); });
        EXPECT_EQ(error.code(), EACCES);
        EXPECT_EQ(error.hint(),
                  "uid 65534 cannot enter " + (tree / "closed") + " (drwx------, uid 0): chmod o+x " + (tree / "closed"));
    });
}

TEST(StorageDir, CreateGivesTheRootfsToTheContainersRoot) {
    if (::geteuid() != 0) GTEST_SKIP() << "changing owners needs root";
    const Tree tree;
    StoragePlugin dir("dir", tree);
    give_ids(dir);
    struct stat facts {};
    ASSERT_EQ(::stat(dir.create().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_uid, 100000u);
    EXPECT_EQ(facts.st_mode & 0777, 0755u);
}

TEST(StorageDir, MountIsDetachedAndTakesWhatIsMountedBelow) {
    const Tree tree;
    tree.directory("rootfs/data");
    in_private_mounts([&] {
        StoragePlugin dir("dir", tree);
        ASSERT_EQ(::mount("none", (tree / "rootfs/data").c_str(), "tmpfs", 0, nullptr), 0);
        const size_t before = mounts_below(tree.path()).size();
        const UniqueFd mount = dir.mount(tree / "rootfs");
        EXPECT_EQ(mounts_below(tree.path()).size(), before);
        attach_at(mount.get(), tree / "at");
        EXPECT_EQ(mounts_below(tree / "at").size(), 2u);
    });
}

TEST(StorageDir, CopyIsWholeAndASnapshotPointsToOverlay) {
    const Tree tree;
    StoragePlugin dir("dir", tree);
    tree.directory("other/etc");
    tree.file("other/etc/hostname", "other");
    const std::string path = dir.copy(tree / "other");
    EXPECT_EQ(content(path + "/etc/hostname"), "other");
    const Error error = thrown_by([&] { dir.copy(tree / "other", true); });
    EXPECT_EQ(error.code(), EOPNOTSUPP);
    EXPECT_NE(error.hint().find("overlay"), std::string::npos);
    dir.undo_all();
    EXPECT_FALSE(std::filesystem::exists(path));
}
