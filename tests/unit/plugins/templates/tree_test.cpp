#include <plugins/templates/common/tree.hpp>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <keelson/sdk/error.hpp>

#include <filesystem>
#include <fstream>

namespace {

using keelson::templates::Tree;
namespace fs = std::filesystem;

class TreeTest : public testing::Test {
protected:
    TreeTest() {
        std::string pattern = fs::temp_directory_path() / "klt-tree-XXXXXX";
        base_ = ::mkdtemp(pattern.data());
        fs::create_directories(root());
        fs::create_directories(base_ / "outside");
    }
    ~TreeTest() override { fs::remove_all(base_); }
    fs::path root() const { return base_ / "root"; }

    fs::path base_;
};

TEST_F(TreeTest, MakesParents) {
    Tree tree(root());
    tree.file("a/b/c", "text");
    EXPECT_EQ(tree.read("a/b/c"), "text");
    EXPECT_TRUE(tree.is_directory("a/b"));
}

TEST_F(TreeTest, StaysInsideWhenALinkPointsOut) {
    fs::create_symlink("../outside", root() / "relative");
    fs::create_symlink(base_ / "outside", root() / "absolute");
    Tree tree(root());
    EXPECT_THROW(tree.file("relative/file", "text"), keelson::Error);
    EXPECT_THROW(tree.file("absolute/file", "text"), keelson::Error);
    EXPECT_TRUE(fs::is_empty(base_ / "outside"));
}

TEST_F(TreeTest, ReplacesALinkInsteadOfFollowingIt) {
    std::ofstream(base_ / "outside/file") << "precious";
    fs::create_symlink(base_ / "outside/file", root() / "file");
    Tree tree(root());
    tree.file("file", "text");
    EXPECT_EQ(fs::file_size(base_ / "outside/file"), 8u);
    EXPECT_EQ(tree.read("file"), "text");
}

TEST_F(TreeTest, CopiesFromAnotherFileSystem) {
    Tree tree(root());
    tree.copy("a/hostname", "/proc/sys/kernel/ostype", 0444);
    EXPECT_EQ(tree.read("a/hostname"), "Linux\n");
    EXPECT_EQ(fs::status(root() / "a/hostname").permissions(), static_cast<fs::perms>(0444));
}

TEST_F(TreeTest, RemovesTwice) {
    Tree tree(root());
    tree.file("file", "");
    tree.directory("directory");
    for (const char* path : {"file", "file", "directory", "directory", "none/at/all"}) tree.remove(path);
    EXPECT_TRUE(fs::is_empty(root()));
}

TEST_F(TreeTest, RefusesToRemoveAFullDirectory) {
    Tree tree(root());
    tree.file("directory/file", "");
    EXPECT_THROW(tree.remove("directory"), keelson::Error);
    EXPECT_TRUE(tree.exists("directory/file"));
}

}  // namespace
