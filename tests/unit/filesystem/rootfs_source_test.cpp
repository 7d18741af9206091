#include <gtest/gtest.h>
#include <kernel/filesystem/rootfs_source.hpp>
#include <tests/support/fake_keys.hpp>

namespace keelson::filesystem {
namespace {

std::pair<std::string, std::string> source(const std::string& value) {
    test::FakeKeys keys;
    config::Config config(keys);
    config.set("lxc.rootfs.path", value);
    const RootfsSource source = rootfs_source(config);
    return {source.type, source.path};
}

TEST(RootfsSource, TypeStandsBeforeTheFirstColonOfWhatIsNoPath) {
    using Parts = std::pair<std::string, std::string>;
    EXPECT_EQ(source("/srv/a:b"), Parts("", "/srv/a:b"));
    EXPECT_EQ(source("dir:/srv/a:b"), Parts("dir", "/srv/a:b"));
    EXPECT_EQ(source("overlay:/lower:/upper"), Parts("overlay", "/lower:/upper"));
    EXPECT_EQ(source(""), Parts("", ""));
}

}  // namespace
}  // namespace keelson::filesystem
