// The modes of directories that storage plugins make, which do not follow from the umask of who calls them.
#include "storage_plugin.hpp"

using keelson::test::in_private_mounts;
using keelson::test::StoragePlugin;
using keelson::test::Tree;

namespace {

class Umask {
public:
    explicit Umask(mode_t mask) : before_(::umask(mask)) {}
    ~Umask() { ::umask(before_); }
    Umask(const Umask&) = delete;

private:
    mode_t before_;
};

unsigned mode_of(const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777;
}

TEST(StorageModes, OfARootfsAreNotTheCallers) {
    const Tree tree;
    StoragePlugin dir("dir", tree);
    const Umask mask(077);
    EXPECT_EQ(mode_of(dir.create()), 0755u);
}

TEST(StorageModes, OfLayersAreNotTheCallers) {
    const Tree tree;
    tree.directory("base");
    StoragePlugin overlay("overlay", tree);
    const Umask mask(077);
    overlay.copy(tree / "base", true);
    for (const char* made : {"overlay", "overlay/delta", "overlay/work"}) {
        EXPECT_EQ(mode_of(overlay.facts.directory() + "/" + made), 0755u) << made;
    }
}

TEST(StorageModes, OfLayersThatAMountMakesAreNotTheCallers) {
    const Tree tree;
    tree.directory("base");
    in_private_mounts([&] {
        StoragePlugin overlay("overlay", tree);
        const Umask mask(077);
        overlay.mount((tree / "base") + ":" + (tree / "upper"));
        EXPECT_EQ(mode_of(tree / "upper"), 0755u);
        EXPECT_EQ(mode_of(tree / "upper.work"), 0755u);
    });
}

}  // namespace
