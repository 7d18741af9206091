// Reading, changing and saving: what a change does to memory and to the text that a person wrote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kernel/base/file.hpp>
#include <kernel/config/global.hpp>
#include <tests/support/fake_keys.hpp>
#include <tests/support/temporary_directory.hpp>

namespace {

using namespace keelson;
using config::Config;
using config::Entry;
using testing::ElementsAre;
using testing::HasSubstr;

struct ConfigTest : testing::Test {
    ~ConfigTest() override {
        if (!HasFatalFailure()) check_round_trip();
    }
    /// Whatever was done: read again, the text means the same.
    void check_round_trip() {
        if (overridden) return;
        Config again(plugins);
        again.load_text(subject.text(), "again");
        EXPECT_THAT(meaning(again), testing::UnorderedElementsAreArray(meaning(subject)));
    }
    static std::vector<std::string> meaning(const Config& config) {
        std::vector<std::string> lines;
        for (const Entry& entry : config.entries()) lines.push_back(cat(entry.key, '=', entry.value));
        return lines;
    }
    void load(std::string_view text) { subject.load_text(text, "c.conf"); }

    test::FakeKeys plugins;
    test::TemporaryDirectory directory;
    Config subject{plugins};
    bool overridden = false;
};

TEST_F(ConfigTest, ReplacesAScalarWhereItStood) {
    load("# mine\nlxc.uts.name=a\n\n# terminals\n\tlxc.tty.max = 4\nother = 1\n");
    subject.set("lxc.uts.name", "b");
    subject.set("lxc.tty.max", "0x10");
    EXPECT_EQ(subject.text(), "# mine\nlxc.uts.name=b\n\n# terminals\n\tlxc.tty.max = 0x10\nother = 1\n");
    EXPECT_EQ(subject.number("lxc.tty.max"), 16u);
}

TEST_F(ConfigTest, LeavesOneLineOfAScalar) {
    load("lxc.uts.name = a\n# between\nlxc.uts.name = b\nlxc.uts.name =\n");
    subject.set("lxc.uts.name", "c");
    EXPECT_EQ(subject.text(), "# between\nlxc.uts.name = c\n");
}

TEST_F(ConfigTest, AddsToALastLineWithoutAnEnd) {
    load("lxc.uts.name = a");
    subject.set("lxc.tty.max", "1");
    EXPECT_EQ(subject.text(), "lxc.uts.name = a\nlxc.tty.max = 1\n");
}

TEST_F(ConfigTest, KeepsTheLineEndsOfAFile) {
    load("lxc.uts.name = a\r\nlxc.tty.max = 1\r\n");
    subject.set("lxc.uts.name", "b");
    EXPECT_EQ(subject.text(), "lxc.uts.name = b\r\nlxc.tty.max = 1\r\n");
}

TEST_F(ConfigTest, AddsToAList) {
    load("lxc.mount.entry = a a\n# last\n");
    subject.set("lxc.mount.entry", "b b");
    EXPECT_EQ(subject.text(), "lxc.mount.entry = a a\n# last\nlxc.mount.entry = b b\n");
    EXPECT_THAT(subject.list("lxc.mount.entry"), ElementsAre("a a", "b b"));
}

TEST_F(ConfigTest, WritesValuesThatWouldLoseTheirEndsInQuotes) {
    for (const char* value : {" a ", "\"a\"", "'", "''", "\"", "a\"", "\t"}) {
        subject.set("lxc.init.cmd", value);
        EXPECT_EQ(subject.get("lxc.init.cmd"), value);
        Config again(plugins);
        again.load_text(subject.text(), "again");
        EXPECT_EQ(again.get("lxc.init.cmd"), value);
    }
}

TEST_F(ConfigTest, RefusesWhatBreaksOutOfItsLine) {
    load("lxc.uts.name = a\n");
    using namespace std::string_view_literals;
    for (const auto value : {"x\nlxc.hook.start = /evil"sv, "x\r"sv, "x\0y"sv}) {
        EXPECT_THROW(subject.set("lxc.uts.name", value), Error);
        EXPECT_THROW(subject.override("lxc.uts.name", value), Error);
    }
    EXPECT_THROW(subject.set("lxc.uts.name\nlxc.hook.start", "x"), Error);
    EXPECT_THROW(subject.set("lxc.cgroup.a = b\r", "x"), Error);
    EXPECT_THROW(subject.set("lxc.cgroup.a=b", "x"), Error);
    EXPECT_THROW(subject.set(" lxc.uts.name", "x"), Error);
    EXPECT_EQ(subject.text(), "lxc.uts.name = a\n");
}

TEST_F(ConfigTest, LeavesAllAsItWasWhenAValueIsRefused) {
    load("lxc.tty.max = 4\nlxc.time.offset.boot = 5s\nlxc.cap.drop = chown\n");
    const auto before = meaning(subject);
    const std::string text = subject.text();
    EXPECT_THROW(subject.set("lxc.tty.max", "many"), Error);
    EXPECT_THROW(subject.set("lxc.time.offset.boot", "5"), Error);
    EXPECT_THROW(subject.set("lxc.cap.drop", "kill bogus"), Error);
    EXPECT_THROW(subject.set("lxc.cap.keep", "kill"), Error);
    EXPECT_THROW(subject.set("lxc.bogus", "x"), Error);
    EXPECT_EQ(meaning(subject), before);
    EXPECT_EQ(subject.text(), text);
}

TEST_F(ConfigTest, UnsetsEveryLineOfAKey) {
    load("lxc.environment = A=1\n# stays\nlxc.environment = B=2\nlxc.environment.hooks = C=3\n");
    subject.unset("lxc.environment");
    EXPECT_EQ(subject.text(), "# stays\nlxc.environment.hooks = C=3\n");
    EXPECT_FALSE(subject.is_set("lxc.environment"));
    subject.set("lxc.environment.hooks", "");
    EXPECT_EQ(subject.text(), "# stays\n");
}

TEST_F(ConfigTest, UnsetsWhatAKeyStandsFor) {
    load(
        "lxc.prlimit.nofile = 1\nlxc.prlimit.core = 2\nlxc.hook.start = /a\nlxc.net.1.type = veth\nlxc.net.01.link = br0\n"
        "lxc.net.10.type = none\nlxc.cgroup.a = 1\nlxc.cgroup2.a = 1\n");
    for (const char* key : {"lxc.prlimit", "lxc.hook", "lxc.net.1", "lxc.cgroup"}) subject.unset(key);
    EXPECT_EQ(subject.text(), "lxc.net.10.type = none\nlxc.cgroup2.a = 1\n");
    subject.unset("lxc.net.5.link");
    EXPECT_THROW(subject.unset("lxc.bogus"), Error);
}

TEST_F(ConfigTest, KeepsWhatClearsReadableWithoutWhatItCleared) {
    load(
        "lxc.net.0.link = br0\nlxc.net.0.flags =\nlxc.net.1.type = veth\nlxc.net.1.veth.pair =\nlxc.hook.version = 1\n"
        "lxc.cgroup.dir = d\n");
    for (const char* key : {"lxc.net.0.link", "lxc.net.1.type", "lxc.hook", "lxc.cgroup"}) subject.unset(key);
    EXPECT_EQ(subject.text(), "lxc.net.0.flags =\nlxc.hook.version = 1\nlxc.cgroup.dir = d\n");
    EXPECT_TRUE(subject.network_devices().empty());
}

TEST_F(ConfigTest, UnsetMeansTheDefault) {
    load("lxc.autodev = 0\nlxc.monitor.signal.pdeath = 0\nlxc.arch = i686\n");
    for (const char* key : {"lxc.autodev", "lxc.monitor.signal.pdeath", "lxc.arch"}) subject.unset(key);
    EXPECT_TRUE(subject.flag("lxc.autodev"));
    EXPECT_EQ(subject.signal("lxc.monitor.signal.pdeath", -1), 9);
    EXPECT_EQ(subject.text(), "");
}

TEST_F(ConfigTest, OutdoesWhatAnIncludedFileSays) {
    const std::string path = directory.write("x.conf",
                                             "lxc.tty.max = 4\nlxc.autodev = 0\nlxc.environment = A=1\nlxc.net.0.type = veth\n"
                                             "lxc.net.0.link = br0\nlxc.hook.start = /a\n");
    load(cat("lxc.tty.max = 1\nlxc.include = ", path, "\n"));
    subject.set("lxc.tty.max", "2");
    subject.unset("lxc.autodev");
    subject.unset("lxc.environment");
    subject.unset("lxc.net.0.link");
    subject.unset("lxc.hook");
    EXPECT_EQ(subject.number("lxc.tty.max"), 2u);
    EXPECT_EQ(subject.text(), cat("lxc.include = ", path,
                                  "\nlxc.tty.max = 2\nlxc.autodev = 1\nlxc.environment =\nlxc.net.0.link =\nlxc.hook =\n"));
}

TEST_F(ConfigTest, SaysWhenAnIncludedFileCannotBeOutdone) {
    load(cat("lxc.include = ", directory.write("x.conf", "lxc.arch = i686\n"), "\n"));
    EXPECT_THROW(subject.unset("lxc.arch"), Error);
    subject.load_text("lxc.arch = x86_64\n", "more");
}

TEST_F(ConfigTest, ANewTypeForgetsTheDevice) {
    load("lxc.net.0.type = veth\nlxc.net.0.link = br0\nlxc.net.0.veth.pair = p\nlxc.net.1.link = br1\n");
    subject.set("lxc.net.0.type", "macvlan");
    EXPECT_EQ(subject.text(), "lxc.net.0.type = macvlan\nlxc.net.1.link = br1\n");
    subject.set("lxc.net.0.link", "br2");
    subject.set("lxc.net.0.link", "br3");
    EXPECT_EQ(subject.text(), "lxc.net.0.type = macvlan\nlxc.net.1.link = br1\nlxc.net.0.link = br3\n");
    EXPECT_THAT(subject.network_devices(), ElementsAre(0, 1));
}

TEST_F(ConfigTest, AKeyBeforeItsTypeIsSetBehindIt) {
    load("lxc.net.0.link = old\nlxc.net.0.type = veth\n");
    subject.set("lxc.net.0.link", "br0");
    EXPECT_EQ(subject.text(), "lxc.net.0.type = veth\nlxc.net.0.link = br0\n");
}

TEST_F(ConfigTest, ReplacesOnlyOneHalfOfAnOffsetInAFileButAllOfItBySet) {
    load("lxc.time.offset.boot = 10s\nlxc.time.offset.boot = 5ms\n");
    EXPECT_EQ(subject.get("lxc.time.offset.boot"), "10005000000ns");
    subject.set("lxc.time.offset.boot", "7s");
    EXPECT_EQ(subject.get("lxc.time.offset.boot"), "7s");
    EXPECT_EQ(subject.text(), "lxc.time.offset.boot = 7s\n");
}

TEST_F(ConfigTest, KeepsTheAddressThatWasDrawn) {
    load("lxc.net.0.type = veth\n  lxc.net.0.hwaddr = 1x:16:3e:xx:XX:x0 \n");
    const std::string address = subject.get("lxc.net.0.hwaddr");
    EXPECT_THAT(address, testing::MatchesRegex("1[02468ace]:16:3e:[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]0"));
    EXPECT_EQ(subject.text(), cat("lxc.net.0.type = veth\n  lxc.net.0.hwaddr = ", address, "\n"));
    subject.set("lxc.net.0.hwaddr", "00:16:3e:00:00:xx");
    EXPECT_THAT(subject.text(), HasSubstr(cat("lxc.net.0.hwaddr = ", subject.get("lxc.net.0.hwaddr"), "\n")));
}

TEST_F(ConfigTest, OverridesInMemoryAlone) {
    overridden = true;
    load("lxc.uts.name = a\n");
    subject.override("lxc.uts.name", "b");
    subject.override("lxc.environment", "A=1");
    EXPECT_EQ(subject.get("lxc.uts.name"), "b");
    EXPECT_EQ(subject.text(), "lxc.uts.name = a\n");
}

TEST_F(ConfigTest, ReadsFamiliesAndDefaults) {
    load("lxc.cgroup.dir = d\nlxc.cgroup.b = 2\nlxc.cgroup.a = 1\nlxc.net.0.type = veth\n");
    std::vector<std::string> keys;
    for (const Entry& entry : subject.family("lxc.cgroup.")) keys.push_back(entry.key);
    EXPECT_THAT(keys, ElementsAre("lxc.cgroup.b", "lxc.cgroup.a"));
    EXPECT_EQ(subject.get("lxc.init.cmd"), "");
    EXPECT_EQ(subject.get_or_default("lxc.init.cmd"), "/sbin/init");
    EXPECT_EQ(subject.get_or_default("lxc.net.0.veth.mode"), "bridge");
    EXPECT_EQ(subject.get_or_default("lxc.rootfs.mount"), config::installation_prefix() + "/lib/keelson/rootfs");
    EXPECT_EQ(subject.signal("lxc.signal.halt", 30), 30);
    EXPECT_EQ(subject.number("lxc.autodev.tmpfs.size"), 500000u);
    EXPECT_TRUE(subject.flag("lxc.rootfs.managed"));
}

TEST_F(ConfigTest, TakesNoSignalForTheUsualOne) {
    for (const char* none : {"0", "65", "999", "2147483647"}) {
        load(cat("lxc.signal.halt = ", none, '\n'));
        EXPECT_EQ(subject.signal("lxc.signal.halt", 30), 30) << none;
    }
    load("lxc.signal.halt = 64\n");
    EXPECT_EQ(subject.signal("lxc.signal.halt", 30), 64);
}

TEST_F(ConfigTest, ShowsPluginsTheirOwnPart) {
    load(
        "lxc.net.3.type = veth\nlxc.net.3.link = br0\nlxc.net.3.veth.ipv4.route = 10.0.0.0/8\nlxc.net.3.veth.ipv4.route = "
        "11.0.0.0/8\n"
        "lxc.cgroup2.memory.max = 1G\nlxc.cgroup2.a = b=c\n");
    const auto view = [](std::string_view text) { return keelson::abi::StringView{text.data(), text.size()}; };
    const auto text = [](keelson::abi::StringView raw) { return std::string_view(raw.data, raw.size); };
    const config::SettingsView device(subject, "lxc.net.3.");
    EXPECT_EQ(text(device.value(view("link"), 0)), "br0");
    EXPECT_EQ(device.count(view("veth.ipv4.route")), 2u);
    EXPECT_EQ(text(device.value(view("veth.ipv4.route"), 1)), "11.0.0.0/8");
    EXPECT_EQ(device.count(view("veth.mode")), 0u);
    EXPECT_EQ(text(device.value(view("veth.mode"), 0)), "bridge");
    EXPECT_EQ(text(device.value(view("nonsense"), 0)), "");
    const config::SettingsView whole(subject, "");
    EXPECT_EQ(text(whole.value(view("lxc.lxcpath"), 0)), config::global("lxc.lxcpath"));
    EXPECT_EQ(whole.count(view("lxc.cgroup2.")), 2u);
    EXPECT_EQ(text(whole.value(view("lxc.cgroup2."), 0)), "memory.max=1G");
    EXPECT_EQ(text(whole.value(view("lxc.cgroup2."), 1)), "a=b=c");
    EXPECT_EQ(text(whole.value(view("lxc.cgroup2."), 2)), "");
}

TEST_F(ConfigTest, SavesByReplacingTheFile) {
    const std::string path = directory.write("config", "old");
    ASSERT_EQ(::chmod(path.c_str(), 0604), 0);
    ASSERT_EQ(::symlink(path.c_str(), (directory / "link").c_str()), 0);
    load("# mine\nlxc.uts.name = a");
    subject.save(directory / "link");
    EXPECT_EQ(base::read_file(path), "# mine\nlxc.uts.name = a");
    struct stat facts {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 0604u);
    subject.save(directory / "new");
    ASSERT_EQ(::stat((directory / "new").c_str(), &facts), 0);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    EXPECT_EQ(facts.st_mode & 07777, 0660 & ~mask);
    EXPECT_THROW(subject.save(directory / "no/such/config"), Error);
}

TEST_F(ConfigTest, StopsAtANulAsLxcDoes) {
    using namespace std::string_view_literals;
    load("lxc.uts.name = a\n\0lxc.tty.max = 4\n"sv);
    EXPECT_FALSE(subject.is_set("lxc.tty.max"));
}

TEST_F(ConfigTest, ClearsAll) {
    load("lxc.uts.name = a\n");
    subject.clear();
    EXPECT_TRUE(subject.entries().empty());
    EXPECT_EQ(subject.text(), "");
}

TEST_F(ConfigTest, FindsDeclarations) {
    EXPECT_EQ(config::find_key("lxc.uts.name", plugins).owner, "kernel");
    EXPECT_EQ(config::find_key("lxc.cgroup2.memory.max", plugins).owner, "kernel");
    EXPECT_EQ(config::find_key("lxc.net.7.veth.pair", plugins).owner, "net veth");
    EXPECT_EQ(config::find_key("lxc.apparmor.raw", plugins).owner, "lsm apparmor");
    EXPECT_EQ(config::find_key("keelson.hook.trace.port", plugins).owner, "hook trace");
    EXPECT_EQ(config::find_key("lxc.uts.nmae", plugins).suggestion, "lxc.uts.name");
    EXPECT_EQ(config::find_key("lxc.net.2.vteh.pair", plugins).suggestion, "lxc.net.2.veth.pair");
    EXPECT_EQ(config::find_key("lxc.apparmour.profile", plugins).suggestion, "lxc.apparmor.profile");
    EXPECT_EQ(config::find_key("lxc.cgroups2.memory.max", plugins).suggestion, "lxc.cgroup2.memory.max");
    EXPECT_EQ(config::find_key("something.else", plugins).suggestion, "");
}

}  // namespace
