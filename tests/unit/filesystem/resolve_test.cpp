#include <fcntl.h>
#include <sys/stat.h>
#include <kernel/filesystem/mount.hpp>

#include <tests/support/private_mounts.hpp>

#include <thread>

using keelson::Error;
using keelson::UniqueFd;
using keelson::filesystem::Create;
using keelson::filesystem::resolve_inside;
using keelson::filesystem::resolve_target;
using keelson::test::thrown_by;
using keelson::test::Tree;

namespace {

UniqueFd open_root(const Tree& directory) {
    return UniqueFd(::open(directory.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::string name_of(const UniqueFd& fd) {
    char name[4096];
    const ssize_t length = ::readlink(keelson::cat("/proc/self/fd/", fd.get()).c_str(), name, sizeof name);
    return {name, static_cast<size_t>(length)};
}

}  // namespace

TEST(ResolveTarget, DotsNeverLeaveTheRoot) {
    const Tree tree;
    tree.directory("a/b");
    const UniqueFd root = open_root(tree);
    EXPECT_EQ(name_of(resolve_target(root.get(), "a/../../../a/./b", Create::nothing)), tree / "a/b");
    EXPECT_EQ(name_of(resolve_target(root.get(), "/../..", Create::nothing)), tree.path());
}

TEST(ResolveTarget, MakesWhatIsMissing) {
    const Tree tree;
    const UniqueFd root = open_root(tree);
    EXPECT_EQ(name_of(resolve_target(root.get(), "x/y/z", Create::directory)), tree / "x/y/z");
    EXPECT_EQ(name_of(resolve_target(root.get(), "f/g/file", Create::file)), tree / "f/g/file");
    struct stat facts {};
    ASSERT_EQ(::stat((tree / "f/g/file").c_str(), &facts), 0);
    EXPECT_TRUE(S_ISREG(facts.st_mode));
    EXPECT_EQ(facts.st_mode & 07777, 0u);
    EXPECT_EQ(name_of(resolve_target(root.get(), "f/g/file", Create::file)), tree / "f/g/file");
    EXPECT_EQ(thrown_by([&] { resolve_target(root.get(), "no/where", Create::nothing); }).code(), ENOENT);
}

TEST(ResolveTarget, RefusesLinksEverywhereAndSaysWhichOne) {
    const Tree tree;
    tree.directory("usr/lib");
    tree.link("usr/lib", "lib");
    tree.link("/etc", "etc");
    tree.link("/proc/self/root", "usr/magic");
    const UniqueFd root = open_root(tree);
    for (const Create create : {Create::nothing, Create::directory, Create::file}) {
        for (const char* path : {"lib", "lib/modules", "etc", "etc/passwd", "usr/magic", "usr/magic/tmp", "usr/../lib"}) {
            EXPECT_EQ(thrown_by([&] { resolve_target(root.get(), path, create); }).code(), ELOOP) << path;
        }
    }
    const Error error = thrown_by([&] { resolve_target(root.get(), "lib/modules", Create::directory); });
    EXPECT_NE(error.hint().find("/lib in the container leads to usr/lib"), std::string::npos) << error.hint();
    EXPECT_EQ(error.object(), "lib/modules");
    EXPECT_NE(::access((tree / "usr/lib/modules").c_str(), F_OK), 0);
}

TEST(ResolveInside, FollowsLinksButStaysInside) {
    const Tree tree;
    tree.directory("etc");
    tree.link("/etc", "up");
    tree.link("../../../etc", "etc/back");
    const UniqueFd root = open_root(tree);
    EXPECT_EQ(name_of(resolve_inside(root.get(), "up")), tree / "etc");
    EXPECT_EQ(name_of(resolve_inside(root.get(), "etc/back")), tree / "etc");
    EXPECT_FALSE(resolve_inside(root.get(), "etc/passwd"));
}

TEST(ResolveTarget, NeverEscapesWhileSomebodySwapsDirectoriesForLinks) {
    const Tree tree, outside;
    tree.directory("root/a/b");
    tree.link(outside.path(), "root/evil");
    outside.directory("b");
    const UniqueFd root(::open((tree / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::atomic<bool> done = false;
    std::thread swapper([&] {
        while (!done) (void)!::renameat2(root.get(), "a", root.get(), "evil", RENAME_EXCHANGE);
    });
    int found = 0;
    for (int i = 0; i < 20000; ++i) {
        try {
            const UniqueFd fd = resolve_target(root.get(), keelson::cat("a/b/c", i % 50), Create::directory);
            found += 1;
            EXPECT_EQ(name_of(fd).find(outside.path()), std::string::npos);
        } catch (const Error&) {
        }
    }
    done = true;
    swapper.join();
    EXPECT_GT(found, 0);
    EXPECT_EQ(::rmdir((outside / "b").c_str()), 0) << "something was made outside of the root";
}
