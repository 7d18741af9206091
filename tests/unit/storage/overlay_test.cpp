#include <plugins/storage/overlay/layers.hpp>

#include "storage_plugin.hpp"

using keelson::cat;
using keelson::Error;
using keelson::UniqueFd;
using keelson::storage::Layers;
using keelson::storage::looks_like_layers;
using keelson::storage::parse_layers;
using keelson::test::attach_at;
using keelson::test::content;
using keelson::test::in_private_mounts;
using keelson::test::StoragePlugin;
using keelson::test::thrown_by;
using keelson::test::Tree;
using keelson::test::tree_of;

TEST(OverlayLayers, AreSplitAtAbsolutePaths) {
    const Layers layers = parse_layers("/a:/b:1:/c/delta/");
    EXPECT_EQ(layers.lower, (std::vector<std::string>{"/a", "/b:1"}));
    EXPECT_EQ(layers.upper, "/c/delta");
    EXPECT_EQ(layers.work(), "/c/delta.work");
    EXPECT_EQ(parse_layers("/a:/c/overlay/delta").work(), "/c/overlay/work");
    EXPECT_EQ(to_path(layers), "/a:/b:1:/c/delta");
    EXPECT_FALSE(looks_like_layers("/a"));
    EXPECT_FALSE(looks_like_layers("a:/b"));
    EXPECT_THROW(parse_layers("/a"), Error);
}

TEST(StorageOverlay, ChangesGoToTheUpperDirectoryAlone) {
    const Tree tree;
    tree.directory("top");
    tree.directory("base");
    tree.file("top/both", "top");
    tree.file("base/both", "base");
    tree.file("base/only", "base");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        const std::string path = (tree / "top") + ":" + (tree / "base") + ":" + (tree / "delta");
        EXPECT_TRUE(overlay.recognises(path));
        overlay.check(path);
        attach_at(overlay.mount(path).get(), tree / "at");
        EXPECT_TRUE(overlay.facts.records.empty());
        EXPECT_EQ(content(tree / "at/both"), "top");
        EXPECT_EQ(content(tree / "at/only"), "base");
        tree.file("at/only", "changed");
        EXPECT_EQ(content(tree / "base/only"), "base");
        EXPECT_EQ(content(tree / "delta/only"), "changed");
    });
}

/// Commas as well, but not with kernels before 6.5.
TEST(StorageOverlay, NamesWithColonsWork) {
    const Tree tree;
    tree.directory("a:b");
    tree.file("a:b/file", "text");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        const std::string path = (tree / "a:b") + ":" + (tree / "delta");
        attach_at(overlay.mount(path).get(), tree / "at");
        EXPECT_EQ(content(tree / "at/file"), "text");
    });
}

TEST(StorageOverlay, DirectoryWithAColonAtTheEndIsNotTakenForLayers) {
    const Tree tree;
    tree.directory("a:/b");
    tree.file("a:/b/file", "text");
    StoragePlugin overlay("overlay", tree);
    const Error error = thrown_by([&] { overlay.copy(tree / "a:/b", true); });
    EXPECT_EQ(error.code(), EINVAL);
    EXPECT_NE(std::string(error.what()).find("colon"), std::string::npos) << error.what();
    EXPECT_EQ(tree_of(tree / "lxc/web"), "");
    overlay.copy(tree / "a:/b");
    EXPECT_EQ(content(overlay.rootfs() + "/file"), "text");
}

TEST(StorageOverlay, NamesWithBackslashesWork) {
    const Tree tree;
    tree.directory("a\\b");
    tree.file("a\\b/file", "text");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        attach_at(overlay.mount((tree / "a\\b") + ":" + (tree / "del\\ta")).get(), tree / "at");
        EXPECT_EQ(content(tree / "at/file"), "text");
        std::ofstream(tree / "at/new") << "new";
        EXPECT_EQ(content(tree / "del\\ta/new"), "new");
    });
}

TEST(StorageOverlay, MissingLowerDirectoryIsNamed) {
    const Tree tree;
    StoragePlugin overlay("overlay", tree);
    tree.directory("base");
    const std::string path = (tree / "base") + ":" + (tree / "none") + ":" + (tree / "delta");
    EXPECT_EQ(thrown_by([&] { overlay.check(path); }).object(), tree / "none");
    EXPECT_EQ(thrown_by([&] { overlay.check(tree / "base"); }).code(), EINVAL);
}

TEST(StorageOverlay, BadOptionCarriesTheKernelsWords) {
    const Tree tree;
    tree.directory("base");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        const std::string path = (tree / "base") + ":" + (tree / "delta");
        const Error error = thrown_by([&] { overlay.mount(path, false, "kltnonsense=1"); });
        EXPECT_NE(error.code(), 0);
        // Before Linux 6.5 overlayfs says nothing but that the value is invalid.
        EXPECT_TRUE(error.hint().empty() || error.hint().find("kltnonsense") != std::string::npos) << error.hint();
    });
}

TEST(StorageOverlay, CreateThenDestroyOrUndoLeavesNothing) {
    const Tree tree;
    StoragePlugin overlay("overlay", tree);
    const std::string before = tree_of(tree.path());
    const std::string path = overlay.create();
    EXPECT_EQ(path, overlay.rootfs() + ":" + overlay.facts.directory() + "/overlay/delta");
    overlay.undo_all();
    overlay.undo_all();
    EXPECT_EQ(tree_of(tree.path()), before);
    overlay.destroy(overlay.create());
    EXPECT_EQ(tree_of(tree.path()), before);
}

TEST(StorageOverlay, DestroyKeepsLowerDirectoriesOfOthers) {
    const Tree tree;
    StoragePlugin overlay("overlay", tree);
    tree.directory("base");
    tree.file("base/file");
    const std::string path = overlay.copy(tree / "base", true);
    EXPECT_EQ(path, (tree / "base") + ":" + overlay.facts.directory() + "/overlay/delta");
    overlay.destroy(path);
    EXPECT_EQ(tree_of(tree / "base"), "/file\n");
    EXPECT_EQ(tree_of(tree / "lxc/web"), "");
}

TEST(StorageOverlay, DestroyKeepsLowerDirectoriesThatOnlySeemToBeItsOwn) {
    const Tree tree;
    StoragePlugin overlay("overlay", tree);
    tree.directory("lxc/other/rootfs");
    tree.file("lxc/other/rootfs/file");
    tree.link(tree / "lxc/other", "lxc/web/way");
    tree.link(tree / "lxc/other/rootfs", "lxc/web/link");
    const std::string own = overlay.facts.directory();
    for (const char* lower : {"/../other/rootfs", "/way/rootfs", "/link", "/link/", "/link/."}) {
        tree.directory("lxc/web/overlay/delta");
        overlay.destroy(own + lower + ":" + own + "/overlay/delta");
        EXPECT_EQ(tree_of(tree / "lxc/other"), "/rootfs\n/rootfs/file\n") << lower;
        EXPECT_FALSE(std::filesystem::exists(own + "/overlay")) << lower;
    }
    tree.directory("lxc/web/own/file");
    tree.link(tree / "lxc/web/own", "same");
    overlay.destroy((tree / "same") + ":" + own + "/overlay/delta");
    EXPECT_FALSE(std::filesystem::exists(own + "/own"));
}

TEST(StorageOverlay, UpperDirectoriesBesideEachOtherShareNothing) {
    const Tree tree;
    tree.directory("base");
    tree.file("base/file", "base");
    tree.directory("deltas");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        const std::string one = (tree / "base") + ":" + (tree / "deltas/one");
        const std::string two = (tree / "base") + ":" + (tree / "deltas/two");
        attach_at(overlay.mount(one).get(), tree / "at1");
        attach_at(overlay.mount(two).get(), tree / "at2");
        ASSERT_EQ(::umount((tree / "at2").c_str()), 0);
        overlay.destroy(two);
        // what is copied up goes through the work directory
        tree.file("at1/file", "changed");
        EXPECT_EQ(content(tree / "deltas/one/file"), "changed");
        ASSERT_EQ(::unlink((tree / "at1/file").c_str()), 0) << std::strerror(errno);
        ASSERT_EQ(::umount((tree / "at1").c_str()), 0);
        overlay.destroy(one);
        EXPECT_EQ(tree_of(tree / "deltas"), "");
    });
}

TEST(StorageOverlay, WhatOthersHaveWhereItsWorkWouldBeIsLeft) {
    const Tree tree;
    tree.directory("base");
    tree.directory("home/delta.work/work");
    tree.file("home/work", "mine");
    tree.file("home/delta.work/work/thesis", "mine");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        const std::string path = (tree / "base") + ":" + (tree / "home/delta");
        EXPECT_EQ(thrown_by([&] { overlay.mount(path); }).object(), tree / "home/delta.work");
        overlay.destroy(path);
        EXPECT_TRUE(overlay.facts.warned("delta.work"));
        EXPECT_EQ(tree_of(tree / "home"), "/delta.work\n/delta.work/work\n/delta.work/work/thesis\n/work\n");
    });
}

/// Overlayfs leaves in it a directory that nobody may enter.
TEST(StorageOverlay, WorkDirectoryOfLxcGoesWithTheLastUpperDirectoryBesideIt) {
    const Tree tree;
    tree.directory("base");
    tree.directory("deltas/one");
    tree.directory("deltas/two");
    tree.directory("deltas/work/work");
    ASSERT_EQ(::chmod((tree / "deltas/work/work").c_str(), 0), 0);
    StoragePlugin overlay("overlay", tree);
    overlay.destroy((tree / "base") + ":" + (tree / "deltas/one"));
    EXPECT_EQ(tree_of(tree / "deltas"), "/two\n/work\n/work/work\n");
    overlay.destroy((tree / "base") + ":" + (tree / "deltas/two"));
    EXPECT_EQ(tree_of(tree / "deltas"), "");
    tree.directory("deltas/work/thesis");
    overlay.destroy((tree / "base") + ":" + (tree / "deltas/two"));
    EXPECT_EQ(tree_of(tree / "deltas"), "/work\n/work/thesis\n");
}

TEST(StorageOverlay, SnapshotOfAnOverlayTakesItsChanges) {
    const Tree tree;
    tree.directory("base");
    tree.directory("old/delta");
    tree.file("old/delta/changed", "by old");
    StoragePlugin overlay("overlay", tree);
    const std::string path = overlay.copy((tree / "base") + ":" + (tree / "old/delta"), true);
    EXPECT_EQ(content(overlay.facts.directory() + "/overlay/delta/changed"), "by old");
    EXPECT_TRUE(path.starts_with(tree / "base:"));
}

TEST(StorageOverlay, CopyIsIndependent) {
    const Tree tree;
    tree.directory("base");
    tree.directory("old/delta");
    tree.file("base/file", "base");
    tree.file("old/delta/changed", "by old");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        const std::string path = overlay.copy((tree / "base") + ":" + (tree / "old/delta"));
        std::filesystem::remove_all(tree / "base");
        std::filesystem::remove_all(tree / "old");
        EXPECT_EQ(content(overlay.rootfs() + "/file"), "base");
        EXPECT_EQ(content(overlay.rootfs() + "/changed"), "by old");
        attach_at(overlay.mount(path).get(), tree / "at");
        EXPECT_EQ(content(tree / "at/file"), "base");
    });
}

/// A second mount with the same work directory would take from the first what it removes and renames by.
TEST(StorageOverlay, WhatReadsItBesideItsContainerLeavesThatAlone) {
    const Tree tree;
    tree.directory("base");
    for (const char* name : {"base/kept", "base/gone", "base/moved", "base/changed"}) tree.file(name, "base");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        const std::string path = (tree / "base") + ":" + (tree / "delta");
        EXPECT_EQ(content(cat("/proc/self/fd/", overlay.mount_in_use(path).get(), "/kept")), "base");
        EXPECT_FALSE(std::filesystem::exists(tree / "delta"));
        attach_at(overlay.mount(path).get(), tree / "at");
        tree.file("at/changed", "by the container");
        ASSERT_EQ(::unlink((tree / "at/gone").c_str()), 0);
        attach_at(overlay.mount_in_use(path).get(), tree / "beside");
        EXPECT_EQ(tree_of(tree / "beside"), "/changed\n/kept\n/moved\n");
        EXPECT_EQ(content(tree / "beside/changed"), "by the container");
        overlay.copy(path);
        EXPECT_EQ(tree_of(overlay.rootfs()), "/changed\n/kept\n/moved\n");
        EXPECT_EQ(::unlink((tree / "at/kept").c_str()), 0) << std::strerror(errno);
        EXPECT_EQ(::rename((tree / "at/moved").c_str(), (tree / "at/there").c_str()), 0) << std::strerror(errno);
        EXPECT_EQ(::chmod((tree / "at/there").c_str(), 0600), 0) << std::strerror(errno);
        EXPECT_NE(::chmod((tree / "beside/moved").c_str(), 0600), 0);
    });
}

/// fsconfig(2) takes 255 bytes.
TEST(StorageOverlay, LongPathsWork) {
    const Tree tree;
    const std::string deep = std::string(200, 'a') + "/" + std::string(200, 'b');
    tree.directory(deep + "/base");
    tree.directory(deep + "/top");
    tree.file(deep + "/base/file", "base");
    tree.file(deep + "/top/both", "top");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        const std::string path = (tree / (deep + "/top")) + ":" + (tree / (deep + "/base")) + ":" + (tree / (deep + "/delta"));
        attach_at(overlay.mount(path).get(), tree / "at");
        EXPECT_EQ(content(tree / "at/file") + content(tree / "at/both"), "basetop");
        tree.file("at/new", "changed");
        EXPECT_EQ(content(tree / (deep + "/delta/new")), "changed");
        EXPECT_EQ(content(cat("/proc/self/fd/", overlay.mount_in_use(path).get(), "/new")), "changed");
    });
}
