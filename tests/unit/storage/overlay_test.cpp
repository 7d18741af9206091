#include <plugins/storage/overlay/layers.hpp>

#include "storage_plugin.hpp"

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
    EXPECT_EQ(layers.work(), "/c/work");
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
        overlay.prepare(path);
        EXPECT_TRUE(overlay.facts.records.empty());
        attach_at(overlay.mount(path).get(), tree / "at");
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
        overlay.prepare(path);
        attach_at(overlay.mount(path).get(), tree / "at");
        EXPECT_EQ(content(tree / "at/file"), "text");
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
        overlay.prepare(path);
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
