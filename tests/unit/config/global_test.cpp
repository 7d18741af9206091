#include <gtest/gtest.h>
#include <unistd.h>

#include <kernel/base/file.hpp>
#include <kernel/config/global.hpp>
#include <kernel/config/global_file.hpp>

namespace {

using namespace keelson::config;

TEST(GlobalFile, TakesTheFirstLineWithAValue) {
    const GlobalFile file(
        "# lxc.lxcpath = /comment\n"
        "lxc.lxcpath =\n"
        "  lxc.lxcpath=/srv/lxc  \n"
        "lxc.lxcpath = /later\n"
        "nonsense\n"
        "lxc.bdev.lvm.vg = \"quoted\" # not a comment");
    EXPECT_EQ(file.find("lxc.lxcpath"), "/srv/lxc");
    EXPECT_EQ(file.find("lxc.bdev.lvm.vg"), "\"quoted\" # not a comment");
    EXPECT_EQ(file.find("lxc.bdev.lvm"), "");
    EXPECT_EQ(GlobalFile("").find("lxc.lxcpath"), "");
}

TEST(Global, RefusesUnknownItems) {
    EXPECT_THROW(global("lxc.bogus"), keelson::Error);
    for (const std::string& item : global_items()) EXPECT_NO_THROW(global(item)) << item;
    EXPECT_EQ(global_items().front(), "lxc.default_config");
    EXPECT_EQ(global_items().size(), 7u);
}

TEST(Global, GivesEachLxcpathARuntimeDirectoryOfItsOwn) {
    const std::string here = run_directory() + "/keelson/";
    EXPECT_EQ(runtime_directory("/var/lib/lxc/", "c1"), here + "+var+lib+lxc/c1");
    EXPECT_NE(runtime_directory("/a+b", "c"), runtime_directory("/a/b", "c"));
    EXPECT_NE(runtime_directory("/a%2bb", "c"), runtime_directory("/a+b", "c"));
    const std::string deep = runtime_directory("/" + std::string(300, 'x'), "c");
    EXPECT_LT(deep.size(), 255u);
    EXPECT_NE(deep, runtime_directory("/" + std::string(301, 'x'), "c"));
}

TEST(Global, PutsTheLogBesideContainersOfAnotherLxcpath) {
    EXPECT_EQ(default_log_file("/srv/lxc/", "c1"), "/srv/lxc/c1/c1.log");
    const std::string here = ::geteuid() == 0 ? "/var/log/lxc/c1.log" : global("lxc.lxcpath") + "/c1/c1.log";
    EXPECT_EQ(default_log_file(global("lxc.lxcpath"), "c1"), here);
}

TEST(Global, FindsItsInstallation) { EXPECT_TRUE(keelson::base::exists(installation_prefix() + "/bin/keelson-unit")); }

}  // namespace
