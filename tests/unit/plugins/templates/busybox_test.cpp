#include <sys/stat.h>

#include "template_caller.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace {

using namespace keelson;
using templates::TemplateCaller;
using testing::Contains;
using testing::HasSubstr;
namespace fs = std::filesystem;

mode_t mode(const fs::path& path) {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777 : 0;
}

/// A program that says it is a busybox with three applets.
fs::path pretended_busybox(const fs::path& directory) {
    const fs::path path = directory / "busybox";
    std::ofstream(path) << "#!/bin/sh\nprintf 'ls\\nsh\\nbusybox\\n../escape\\n'\n";
    fs::permissions(path, fs::perms::owner_all);
    return path;
}

TEST(BusyboxTemplate, WritesTheTreeThatItsInitBoots) {
    TemplateCaller caller("busybox");
    caller.create({"--busybox-path", pretended_busybox(caller.directory())});
    const fs::path root = caller.rootfs();
    EXPECT_EQ(fs::read_symlink(root / "bin/sh"), "busybox");
    EXPECT_TRUE(fs::equivalent(root / "sbin/init", root / "bin/busybox"));
    EXPECT_EQ(mode(root / "bin/busybox"), 06755u);
    EXPECT_EQ(mode(root / "tmp"), 01777u);
    EXPECT_EQ(mode(root / "etc/init.d/rcS"), 0744u);
    EXPECT_EQ(fs::file_size(root / "etc/fstab"), 0u);
    for (const char* directory : {"dev/pts", "proc", "sys", "var/run", "usr/lib64", "lib"})
        EXPECT_TRUE(fs::is_directory(root / directory)) << directory;
}

TEST(BusyboxTemplate, MakesNoLinkOutsideOfBin) {
    TemplateCaller caller("busybox");
    caller.create({"--busybox-path", pretended_busybox(caller.directory())});
    EXPECT_FALSE(fs::exists(fs::symlink_status(caller.rootfs() / "escape")));
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(caller.rootfs() / "bin/busybox")));
}

TEST(BusyboxTemplate, DoesNotDependOnTheUmask) {
    TemplateCaller caller("busybox");
    const mode_t before = ::umask(0077);
    caller.create({"--busybox-path", pretended_busybox(caller.directory())});
    ::umask(before);
    EXPECT_EQ(mode(caller.rootfs() / "etc"), 0755u);
    EXPECT_EQ(mode(caller.rootfs() / "etc/passwd"), 0644u);
}

TEST(BusyboxTemplate, GivesTheLinesOfLxc) {
    TemplateCaller caller("busybox");
    const auto lines = caller.create({"--busybox-path", pretended_busybox(caller.directory())});
    EXPECT_THAT(lines, Contains("lxc.signal.halt = SIGUSR1"));
    EXPECT_THAT(lines, Contains("lxc.uts.name = klt"));
    EXPECT_THAT(lines, Contains("lxc.mount.entry = /lib lib none ro,bind 0 0"));
}

TEST(BusyboxTemplate, NamesAnOptionThatItDoesNotHave) {
    TemplateCaller caller("busybox");
    try {
        caller.create({"--release=sid"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "--release=sid");
        EXPECT_THAT(error.hint(), HasSubstr("--busybox-path"));
    }
}

TEST(BusyboxTemplate, RefusesAPathWithoutAProgram) {
    TemplateCaller caller("busybox");
    try {
        caller.create({"--busybox-path=/nonexistent/busybox"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ENOENT);
        EXPECT_EQ(error.object(), "/nonexistent/busybox");
    }
}

TEST(BusyboxTemplate, RefusesAProgramThatIsNoBusybox) {
    TemplateCaller caller("busybox");
    EXPECT_THROW(caller.create({"--busybox-path=/bin/false"}), Error);
}

}  // namespace
