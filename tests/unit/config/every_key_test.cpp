// Every key that the kernel and the plugins of this tree declare: it is read, refused, read back, cleared, saved. A key without
// a row here fails, and so does a row without a key.
#include <gtest/gtest.h>

#include <kernel/config/kernel_keys.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/plugins/plugin_host.hpp>
#include <tests/support/temporary_directory.hpp>

#include <algorithm>
#include <array>

namespace keelson::config {
namespace {

struct Row {
    const char* key;       ///< as declared; a network plugin's begins with lxc.net.N.
    const char* value;     ///< that is taken
    const char* printed;   ///< what `config get` says of it
    const char* refused;   ///< that is not taken; null: the key takes anything
    const char* sub = "";  ///< of a family
};

constexpr const char* anything = nullptr;

constexpr Row rows[] = {
    {"lxc.uts.name", "web", "web", "01234567890123456789012345678901234567890123456789012345678901234"},
    {"lxc.arch", "i386", "i686", "z80"},
    {"lxc.ephemeral", "0x1", "1", "yes"},
    {"lxc.group", "a b", "a\nb\n", anything},
    {"lxc.start.auto", "1", "1", "2"},
    {"lxc.start.delay", "010", "8", "-1"},
    {"lxc.start.order", "-3", "-3", "first"},
    {"lxc.monitor.unshare", "1", "1", "no"},
    {"lxc.monitor.signal.pdeath", "SIGTERM", "15", "TERM"},
    {"lxc.init.cmd", "/bin/x \"y z\"", "/bin/x \"y z\"", anything},
    {"lxc.init.cwd", "/a//b/", "/a/b", "4096 bytes"},
    {"lxc.init.uid", "1000", "1000", "4294967295"},
    {"lxc.init.gid", "1000", "1000", "4294967295"},
    {"lxc.init.groups", "1, 2", "1,2", "a,b"},
    {"lxc.execute.cmd", "/bin/x", "/bin/x", anything},
    {"lxc.signal.halt", "SIGRTMIN+3", "37", "PWR"},
    {"lxc.signal.reboot", "2", "2", "-2"},
    {"lxc.signal.stop", "sigkill", "9", "9x"},
    {"lxc.cap.drop", "sys_admin 3", "sys_admin\n3\n", "CAP_SYS_ADMIN"},
    {"lxc.cap.keep", "chown", "chown\n", "bogus"},
    {"lxc.no_new_privs", "1", "1", "true"},
    {"lxc.keyring.session", "1", "1", "2"},
    {"lxc.sched.core", "1", "1", "x"},
    {"lxc.environment", "A=b=c", "A=b=c\n", "KEELSON_NOT_SET"},
    {"lxc.environment.runtime", "A=1", "A=1\n", "KEELSON_NOT_SET"},
    {"lxc.environment.hooks", "A=1", "A=1\n", "KEELSON_NOT_SET"},
    {"lxc.prlimit.", "5:unlimited", "5:unlimited", "5:x", "nofile"},
    {"lxc.proc.", "-500", "-500", anything, "oom_score_adj"},
    {"lxc.sysctl.", "1", "1", anything, "net.ipv4.ip_forward"},
    {"lxc.idmap", "u 0 0x10 1", "u 0 16 1", "u 0 16"},
    {"lxc.namespace.clone", "NET ipc", "ipc\nnet\n", "mount"},
    {"lxc.namespace.keep", "user net", "user\nnet\n", "network"},
    {"lxc.namespace.share.", "web", "web", anything, "ipc"},
    {"lxc.time.offset.boot", "10h", "36000s", "10"},
    {"lxc.time.offset.monotonic", "-3us", "-3000ns", "5 ms"},
    {"lxc.log.file", "/var//log/x", "/var/log/x", "4096 bytes"},
    {"lxc.log.level", "3", "NOTICE", "9"},
    {"lxc.log.syslog", "local0", "local0", "user"},
    {"lxc.cgroup.dir", "a//b/", "a/b", "/a"},
    {"lxc.cgroup.dir.monitor", "m", "m", "../m"},
    {"lxc.cgroup.dir.monitor.pivot", "p", "p", "/p"},
    {"lxc.cgroup.dir.container", "c", "c", "a..b"},
    {"lxc.cgroup.dir.container.inner", "i", "i", "a/b"},
    {"lxc.cgroup.relative", "1", "1", "2"},
    {"lxc.cgroup.", "512M", "512M\n", anything, "memory.limit_in_bytes"},
    {"lxc.cgroup2.", "512M", "512M\n", anything, "memory.max"},
    {"lxc.rootfs.path", "dir:/srv//web/", "/srv/web", "4096 bytes"},
    {"lxc.rootfs.mount", "/a//b/", "/a/b", "4096 bytes"},
    {"lxc.rootfs.options", "ro,idmap=container", "ro,idmap=container", "ro,optional"},
    {"lxc.rootfs.managed", "0", "0", "x"},
    {"lxc.mount.fstab", "/etc//fstab", "/etc/fstab", "4096 bytes"},
    {"lxc.mount.entry", "/a b none bind 0 0", "/a b none bind 0 0\n", anything},
    {"lxc.mount.auto", "sys:ro proc", "proc:mixed sys:ro", "dev"},
    {"lxc.autodev", "0", "0", "2"},
    {"lxc.autodev.tmpfs.size", "1000", "1000", anything},
    {"lxc.console.path", "none", "none", "4096 bytes"},
    {"lxc.console.logfile", "/a//b", "/a/b", "4096 bytes"},
    {"lxc.console.size", "100KB", "131072", "1TB"},
    {"lxc.console.rotate", "1", "1", "x"},
    {"lxc.console.buffer.size", "auto", "131072", "big"},
    {"lxc.tty.max", "4", "4", "4x"},
    {"lxc.tty.dir", "lxc", "lxc", "/lxc"},
    {"lxc.pty.max", "1024", "1024", "-1"},
    {"lxc.net.N.type", "veth", "veth", "nosuch"},
    {"lxc.net.N.link", "br0", "br0", anything},
    {"lxc.net.N.flags", "up", "up", anything},
    {"lxc.net.N.name", "eth5", "eth5", anything},
    {"lxc.net.N.hwaddr", "00:16:3e:00:00:01", "00:16:3e:00:00:01", anything},
    {"lxc.net.N.mtu", "1400", "1400", anything},
    {"lxc.net.N.ipv4.address", "10.0.3.5/24 10.0.3.255", "10.0.3.5/24", "10.0.3"},
    {"lxc.net.N.ipv4.gateway", "auto", "auto", "fe80::1"},
    {"lxc.net.N.ipv6.address", "fd00:0::5", "fd00::5/64", "10.0.3.5"},
    {"lxc.net.N.ipv6.gateway", "dev", "dev", "10.0.3.1"},
    {"lxc.net.N.l2proxy", "1", "1", "2"},
    {"lxc.net.N.script.up", "/bin/up a", "/bin/up a", anything},
    {"lxc.net.N.script.down", "/bin/down", "/bin/down", anything},
    {"lxc.hook.version", "1", "1", "2"},
    {"lxc.hook.pre-start", "/a b", "/a b\n", anything},
    {"lxc.hook.pre-mount", "/a", "/a\n", anything},
    {"lxc.hook.mount", "/a", "/a\n", anything},
    {"lxc.hook.autodev", "/a", "/a\n", anything},
    {"lxc.hook.start-host", "/a", "/a\n", anything},
    {"lxc.hook.start", "/a", "/a\n", anything},
    {"lxc.hook.stop", "/a", "/a\n", anything},
    {"lxc.hook.post-stop", "/a", "/a\n", anything},
    {"lxc.hook.clone", "/a", "/a\n", anything},
    {"lxc.hook.destroy", "/a", "/a\n", anything},
    {"keelson.hook", "trace other", "trace\nother\n", anything},
    {"keelson.lsm", "seccomp", "seccomp\n", anything},
    {"keelson.cgroup.driver", "unified", "unified", anything},

    {"lxc.net.N.macvlan.mode", "vepa", "vepa", "l2"},
    {"lxc.net.N.ipvlan.mode", "l3s", "l3s", "bridge"},
    {"lxc.net.N.ipvlan.isolation", "private", "private", "passthru"},
    {"lxc.net.N.vlan.id", "0x10", "16", "65536"},
    {"lxc.net.N.veth.pair", "vethweb", "vethweb", anything},
    {"lxc.net.N.veth.mode", "router", "router", "routed"},
    {"lxc.net.N.veth.n_rxqueues", "2", "2", "0"},
    {"lxc.net.N.veth.n_txqueues", "2", "2", "-1"},
    {"lxc.net.N.veth.ipv4.route", "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0"},
    {"lxc.net.N.veth.ipv6.route", "fd00::/64", "fd00::/64", "fd00::"},
    {"lxc.net.N.veth.vlan.id", "none", "none", "4095"},
    {"lxc.net.N.veth.vlan.tagged.id", "4094", "4094\n", "none"},
    {"lxc.net.N.nat.bridge", "br1", "br1", anything},
    {"lxc.net.N.nat.subnet", "10.1.0.0/24", "10.1.0.0/24", "10.1.0.0"},
    {"lxc.net.N.nat.resolver", "9.9.9.9", "9.9.9.9\n", anything},
    {"lxc.apparmor.profile", "unconfined", "unconfined", anything},
    {"lxc.apparmor.raw", "deny /x r,", "deny /x r,\n", anything},
    {"lxc.apparmor.allow_nesting", "1", "1", "2"},
    {"lxc.apparmor.allow_incomplete", "1", "1", "x"},
    {"lxc.seccomp.profile", "/a//b", "/a/b", "4096 bytes"},
    {"lxc.seccomp.allow_nesting", "1", "1", "foo"},
    {"lxc.seccomp.notify.proxy", "unix:/run/x", "unix:/run/x", anything},
    {"lxc.seccomp.notify.cookie", "x", "x", anything},
    {"lxc.selinux.context", "unconfined_t", "unconfined_t", anything},
    {"lxc.selinux.context.keyring", "unconfined_t", "unconfined_t", anything},
    {"keelson.lsm.landlock.ro", "/usr/", "/usr\n", "4096 bytes"},
    {"keelson.lsm.landlock.rw", "/tmp", "/tmp\n", "4096 bytes"},
    {"keelson.lsm.landlock.data", "/var", "/var\n", "4096 bytes"},
    {"keelson.lsm.landlock.optional", "1", "1", "2"},
    {"keelson.lsm.landlock.bind", "80", "80\n", anything},
    {"keelson.lsm.landlock.connect", "none", "none\n", anything},
    {"keelson.lsm.landlock.scope", "signal abstract-unix", "signal\nabstract-unix\n", "sockets"},
};

/// What takes any line of text.
bool takes_anything(const abi::Key& key) {
    using enum abi::KeyType;
    if (key.type == words) return key.choices[0] == '\0';
    constexpr std::array<uint32_t, 6> types = {
        uint32_t(text), own::network_flags, own::interface_name, own::tmpfs_size, own::hardware_address, uint32_t(words),
    };
    return std::ranges::find(types, static_cast<uint32_t>(key.type)) != types.end();
}

struct Declared {
    std::string name;  ///< as a Row has it
    abi::Key key;
    std::string device_type;  ///< of a network plugin's
};

std::vector<Declared> all_keys() {
    std::vector<Declared> keys;
    for (const abi::Key& key : kernel_keys()) keys.push_back({key.name, key, {}});
    for (const plugins::PluginFile& plugin : plugins::PluginHost::instance().list()) {
        const bool net = plugin.kind == "net";
        for (const abi::Key& key : plugin.keys)
            keys.push_back({cat(net ? "lxc.net.N." : "", key.name), key, net ? plugin.name : ""});
    }
    return keys;
}

const Declared& declaration(const Row& row) {
    static const std::vector<Declared> keys = all_keys();
    const auto found = std::ranges::find(keys, row.key, &Declared::name);
    if (found == keys.end()) throw Error(0, row.key, "nobody declares");
    return *found;
}

struct EveryKey : testing::TestWithParam<Row> {
    const Row& row = GetParam();
    const Declared& declared = declaration(row);
    plugins::PluginHost& plugins = plugins::PluginHost::instance();
    const std::string name = named();
    /// What has to stand above the key.
    const std::string above =
        declared.device_type.empty() ? std::string() : cat("lxc.net.0.type = ", declared.device_type, "\n");
    const std::string line = cat(name, " = ", row.value, "\n");
    const bool list = has_flag(declared.key, abi::key_list);

    std::string named() const {
        std::string full = cat(row.key, row.sub);
        if (const size_t number = full.find(".N."); number != std::string::npos) full[number + 1] = '0';
        return full;
    }
    Config loaded(const std::string& text) {
        Config config(plugins);
        config.load_text(text, "c.conf");
        return config;
    }
    /// A list in which no value stands twice.
    bool is_set() const { return declared.key.type == abi::KeyType::namespaces || is_type(declared.key, own::auto_mounts); }
    void is_read_and_printed();
    void refuses_a_wrong_value_and_says_where_and_why();
    void is_cleared_by_an_empty_value();
    void is_the_same_after_load_save_load();
    void is_set_and_unset_without_touching_the_rest();
    void a_second_value_adds_to_a_list_and_replaces_another();
    void takes_nothing_that_breaks_out_of_its_line();
    void has_a_line_of_help();

    static std::vector<std::string> meaning(const Config& config) {
        std::vector<std::string> lines;
        for (const Entry& entry : config.entries()) lines.push_back(cat(entry.key, '=', entry.value));
        return lines;
    }
};

void EveryKey::is_read_and_printed() {
    EXPECT_EQ(loaded(above + line).printed(name), row.printed);
    EXPECT_EQ(loaded(cat(above, "  ", name, "=\t\"", row.value, "\" \r\n")).printed(name), row.printed) << "in quotes";
}

void EveryKey::refuses_a_wrong_value_and_says_where_and_why() {
    ASSERT_EQ(row.refused == anything, takes_anything(declared.key)) << "a wrong value belongs into the row if there is one";
    if (row.refused == anything) return;
    const std::string wrong = std::string_view(row.refused) == "4096 bytes" ? std::string(4096, 'x') : row.refused;
    try {
        loaded(cat("# a comment\n", above, "  ", name, " = ", wrong, "\n"));
        FAIL() << wrong << " is taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), cat("c.conf:", above.empty() ? 2 : 3, ":3"));
        EXPECT_NE(cat(error.message(), error.hint()).find(name), std::string::npos) << error.what();
    }
}

void EveryKey::is_cleared_by_an_empty_value() {
    const std::string cleared = cat(above, line, name, " =\n");
    if (has_flag(declared.key, key_not_empty)) {
        EXPECT_THROW(loaded(cleared), Error);
    } else if (has_flag(declared.key, key_empty_is_zero)) {
        EXPECT_EQ(loaded(cleared).printed(name), "0");
    } else if (row.key == std::string_view("lxc.net.N.type")) {
        EXPECT_EQ(loaded(cleared).printed(name), "empty");
    } else {
        EXPECT_EQ(loaded(cleared).list(name), std::vector<std::string>());
        EXPECT_EQ(loaded(cleared).text(), cleared);
    }
}

void EveryKey::is_the_same_after_load_save_load() {
    test::TemporaryDirectory directory;
    const std::string path = directory.write("config", cat("# first\n", above, "\n", line, "# last\n"));
    Config first(plugins), second(plugins);
    first.load(path);
    first.save(directory / "saved");
    second.load(directory / "saved");
    EXPECT_EQ(second.text(), first.text());
    EXPECT_EQ(meaning(second), meaning(first));
}

void EveryKey::is_set_and_unset_without_touching_the_rest() {
    const std::string before = cat("# first\n", above, "lxc.proc.x = 1\n# last\n");
    Config config = loaded(before);
    config.set(name, row.value);
    EXPECT_EQ(config.printed(name), row.printed);
    EXPECT_TRUE(config.text().starts_with(before)) << config.text();
    EXPECT_EQ(meaning(loaded(config.text())), meaning(config));
    config.unset(name);
    EXPECT_EQ(config.text(), before);
    EXPECT_EQ(meaning(config), meaning(loaded(before)));
}

void EveryKey::a_second_value_adds_to_a_list_and_replaces_another() {
    Config config = loaded(above + line);
    const size_t values = config.list(name).size();
    config.set(name, row.value);
    EXPECT_EQ(config.list(name).size(), list && !is_set() ? 2 * values : values);
}

void EveryKey::takes_nothing_that_breaks_out_of_its_line() {
    Config config = loaded(above);
    for (const char* end : {"\nlxc.hook.start = /evil", "\r", "\n"}) EXPECT_THROW(config.set(name, cat(row.value, end)), Error);
    EXPECT_EQ(config.text(), above);
}

void EveryKey::has_a_line_of_help() {
    const std::string_view help = declared.key.help;
    EXPECT_FALSE(help.empty());
    EXPECT_EQ(help.find('\n'), std::string_view::npos);
    EXPECT_FALSE(help.ends_with('.')) << help;
}

TEST_P(EveryKey, IsReadRefusedClearedAndSaved) {
    is_read_and_printed();
    refuses_a_wrong_value_and_says_where_and_why();
    is_cleared_by_an_empty_value();
    is_the_same_after_load_save_load();
    is_set_and_unset_without_touching_the_rest();
    a_second_value_adds_to_a_list_and_replaces_another();
    takes_nothing_that_breaks_out_of_its_line();
    has_a_line_of_help();
}

void PrintTo(const Row& row, std::ostream* out) { *out << row.key; }

std::string as_test_name(const testing::TestParamInfo<Row>& info) {
    std::string name = info.param.key;
    std::ranges::replace_if(
        name, [](char byte) { return std::isalnum(static_cast<unsigned char>(byte)) == 0; }, '_');
    return name;
}
INSTANTIATE_TEST_SUITE_P(All, EveryKey, testing::ValuesIn(rows), as_test_name);

TEST(EveryDeclaredKey, HasARow) {
    for (const Declared& declared : all_keys()) {
        if (has_flag(declared.key, abi::key_action)) continue;  // include_test.cpp and grammar_test.cpp
        EXPECT_EQ(std::ranges::count(rows, declared.name, [](const Row& row) { return std::string(row.key); }), 1)
            << declared.name << " needs a row in every_key_test.cpp";
    }
}

}  // namespace
}  // namespace keelson::config
