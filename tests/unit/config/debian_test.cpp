// The files that Debian's lxc packages install, as they are on this machine.
#include <gtest/gtest.h>

#include <filesystem>
#include <kernel/plugins/plugin_host.hpp>
#include <tests/support/fake_keys.hpp>

namespace {

namespace fs = std::filesystem;
using keelson::config::Config;

/// Of the packages lxc, liblxc-common and lxc-templates.
constexpr const char* places[] = {"/usr/share/lxc/config", "/usr/share/doc/lxc/examples"};

std::vector<fs::path> installed_files() {
    std::vector<fs::path> files;
    if (fs::exists("/etc/lxc/default.conf")) files.emplace_back("/etc/lxc/default.conf");
    for (const fs::path place : places) {
        if (!fs::is_directory(place)) continue;
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(place))
            if (entry.path().extension() == ".conf") files.push_back(entry.path());
    }
    return files;
}

TEST(DebianFiles, AllParseAndAreKept) {
    if (!fs::is_directory(places[0]))
        GTEST_SKIP() << "there is no " << places[0] << ": install liblxc-common and lxc-templates";
    keelson::plugins::PluginHost& plugins = keelson::plugins::PluginHost::instance();
    for (const fs::path& file : installed_files()) {
        SCOPED_TRACE(file);
        Config config(plugins);
        ASSERT_NO_THROW(config.load(file));
        Config again(plugins);
        again.load_text(config.text(), "again");
        EXPECT_EQ(again.text(), config.text());
        EXPECT_EQ(again.entries().size(), config.entries().size());
        for (const auto& entry : config.entries()) EXPECT_NE(entry.declared, nullptr) << entry.key;
    }
}

TEST(DebianFiles, CommonConfSaysWhatItSays) {
    const std::string path = "/usr/share/lxc/config/common.conf";
    if (!fs::exists(path)) GTEST_SKIP() << "there is no " << path << ": install liblxc-common";
    keelson::test::FakeKeys plugins;
    Config config(plugins);
    config.load(path);
    EXPECT_EQ(config.number("lxc.pty.max"), 1024u);
    EXPECT_EQ(config.get("lxc.seccomp.profile"), "/usr/share/lxc/config/common.seccomp");
    EXPECT_EQ(config.printed("lxc.mount.auto"), "proc:mixed sys:mixed cgroup:mixed");
    EXPECT_GT(config.family("lxc.cgroup.").size(), 10u);
    EXPECT_GT(config.family("lxc.cgroup2.").size(), 10u);
    config.load("/usr/share/lxc/config/userns.conf");
    EXPECT_TRUE(config.family("lxc.cgroup.").empty());
    EXPECT_FALSE(config.is_set("lxc.cap.drop"));
}

/// What lxc-create -t busybox writes.
TEST(DebianFiles, ABusyboxContainerIsRead) {
    keelson::test::FakeKeys plugins;
    Config config(plugins);
    config.load_text(
        "# Template used to create this container: /usr/share/lxc/templates/lxc-busybox\n"
        "lxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\nlxc.net.0.flags = up\n"
        "lxc.apparmor.profile = generated\nlxc.apparmor.allow_nesting = 1\n"
        "lxc.rootfs.path = dir:/var/lib/lxc/web/rootfs\nlxc.signal.halt = SIGUSR1\nlxc.signal.reboot = SIGTERM\n"
        "lxc.uts.name = \"web\"\nlxc.autodev = 1\nlxc.tty.max = 5\nlxc.pty.max = 1\n"
        "lxc.cap.drop = sys_module mac_admin mac_override sys_time\n"
        "lxc.mount.auto = cgroup:mixed proc:mixed sys:ro\n"
        "lxc.mount.entry = shm dev/shm tmpfs defaults,create=dir 0 0\n",
        "config");
    EXPECT_EQ(config.get("lxc.uts.name"), "web");
    EXPECT_EQ(config.signal("lxc.signal.halt", 0), 10);
    EXPECT_EQ(config.printed("lxc.rootfs.path"), "/var/lib/lxc/web/rootfs");
}

}  // namespace
