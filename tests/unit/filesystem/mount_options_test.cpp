#include <gtest/gtest.h>
#include <sys/mount.h>
#include <keelson/sdk/detached_mount.hpp>
#include <kernel/filesystem/mount.hpp>

using keelson::Error;
using keelson::filesystem::MountOptions;
using keelson::filesystem::parse_options;

TEST(MountOptions, LastOfTwoOppositesCounts) {
    const MountOptions options = parse_options("ro,nosuid,rw,noexec");
    EXPECT_EQ(options.set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    EXPECT_EQ(options.clear, MOUNT_ATTR_RDONLY);
    EXPECT_FALSE(options.read_only());
    EXPECT_TRUE(parse_options("rw,ro").read_only());
}

TEST(MountOptions, AccessTimesAreOneField) {
    const MountOptions options = parse_options("noatime,strictatime");
    EXPECT_EQ(options.set, MOUNT_ATTR_STRICTATIME);
    EXPECT_EQ(options.clear, MOUNT_ATTR__ATIME);
}

TEST(MountOptions, WordsAreExact) {
    const MountOptions options = parse_options("rootcontext=a:b,ro");
    EXPECT_EQ(options.data, "rootcontext=a:b");
    EXPECT_TRUE(options.read_only());
}

TEST(MountOptions, DataKeepsItsOrderAndQuotedCommas) {
    const MountOptions options = parse_options("size=1m,ro,context=\"u:r:t:s0,c1\",mode=755");
    EXPECT_EQ(options.data, "size=1m,context=\"u:r:t:s0,c1\",mode=755");
    EXPECT_EQ(keelson::sdk::split_mount_options(options.data).size(), 3u);
}

TEST(MountOptions, OwnOptionsAreTakenOut) {
    const MountOptions options = parse_options("rbind,create=dir,optional,relative,idmap=container,rslave");
    EXPECT_TRUE(options.bind && options.recursive && options.create_directory && options.optional && options.relative);
    EXPECT_EQ(options.idmap, "container");
    EXPECT_EQ(options.propagation, static_cast<uint64_t>(MS_SLAVE));
    EXPECT_TRUE(options.propagation_recursive);
    EXPECT_EQ(options.data, "");
}

TEST(MountOptions, WordsWithoutAttributeHaveNoEffect) {
    const MountOptions options = parse_options("defaults,sync,lazytime,remount,nomand");
    EXPECT_EQ(options.set | options.clear, 0u);
    EXPECT_EQ(options.data, "");
}

TEST(MountOptions, ContradictionsAreRefused) {
    EXPECT_THROW(parse_options("bind,create=dir,create=file"), Error);
    EXPECT_THROW(parse_options("bind,move"), Error);
    EXPECT_THROW(parse_options("bind,idmap="), Error);
}
