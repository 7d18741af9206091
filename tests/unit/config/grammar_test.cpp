// What each line means: accepted or refused, and what is read back.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <tests/support/fake_keys.hpp>

namespace {

using keelson::Error;
using keelson::config::Config;

struct Case {
    const char* text;
    const char* key;      ///< null: the text is refused
    const char* printed;  ///< of the key
};

/// The text as a name: cases are found again by what they say.
std::string title(const Case& one) {
    std::string name;
    for (const char* byte = one.text; *byte != '\0'; ++byte) name += *byte == '\n' ? '|' : *byte;
    return name;
}

struct Grammar : testing::TestWithParam<Case> {
    keelson::test::FakeKeys plugins;
};

TEST_P(Grammar, IsAsDocumented) {
    const Case& one = GetParam();
    SCOPED_TRACE(title(one));
    ::unsetenv("KEELSON_NOT_SET");
    ::setenv("KEELSON_SET", "here", 1);
    Config config(plugins);
    if (one.key == nullptr) {
        EXPECT_THROW(config.load_text(one.text, "c.conf"), Error);
        return;
    }
    ASSERT_NO_THROW(config.load_text(one.text, "c.conf"));
    EXPECT_EQ(config.printed(one.key), one.printed);
    EXPECT_EQ(config.text(), one.text) << "the text is kept as it is";
    Config again(plugins);
    again.load_text(config.text(), "again");
    EXPECT_EQ(again.printed(one.key), one.printed);
    Config effective(plugins);
    effective.load_text(config.effective_text(), "effective");
    EXPECT_EQ(effective.printed(one.key), one.printed);
}

constexpr const char* refused = nullptr;

constexpr Case lines[] = {
    {"lxc.uts.name = a # b", "lxc.uts.name", "a # b"},
    {"lxc.uts.name=\"a b\"", "lxc.uts.name", "a b"},
    {"lxc.uts.name='a\"", "lxc.uts.name", "'a\""},
    {"lxc.uts.name = \"", "lxc.uts.name", "\""},
    {"lxc.uts.name = \"\"", "lxc.uts.name", ""},
    {"lxc.uts.name = ''", "lxc.uts.name", ""},
    {"lxc.uts.name = \"a\" \"b\"", "lxc.uts.name", "a\" \"b"},
    {"lxc.uts.name = a=b", "lxc.uts.name", "a=b"},
    {"lxc.uts.name\t=\ta\t", "lxc.uts.name", "a"},
    {"   lxc.uts.name = a", "lxc.uts.name", "a"},
    {"lxc.uts.name = a\\", "lxc.uts.name", "a\\"},
    {"lxc.uts.name = a\r\nlxc.tty.max = 3\r\n", "lxc.tty.max", "3"},
    {"lxc.uts.name = a\rlxc.tty.max = 3", "lxc.uts.name", "a"},
    {"\n\n  \n# lxc.uts.name = x\n  # y\nlxc.tty.max = 1\n\n", "lxc.uts.name", ""},
    {"", "lxc.uts.name", ""},
    {"lxc.uts.name", refused, ""},
    {"lxc.bogus = 1", refused, ""},
    {"lxc.bogus = ", refused, ""},
    {"lxc.uts.bogus = 1", refused, ""},
    {"bogus = 1\nlxc.uts.name = x", "lxc.uts.name", "x"},
    {"LXC.UTS.NAME = a\nlxc = 1\n{ \"a\": 1 }\nexport X=1\n", "lxc.uts.name", ""},
    {"\xef\xbb\xbflxc.uts.name = x\nlxc.tty.max=3", "lxc.tty.max", "3"},
    {"lxc.uts.name = 0123456789012345678901234567890123456789012345678901234567890123", "lxc.tty.max", "0"},
    {"lxc.uts.name = 01234567890123456789012345678901234567890123456789012345678901234", refused, ""},
    {"lxc.utsname = a", refused, ""},
    {"lxc.network.type = veth", refused, ""},
};
INSTANTIATE_TEST_SUITE_P(Lines, Grammar, testing::ValuesIn(lines));

constexpr Case values[] = {
    {" \t lxc.tty.max \t = \t 0x10 ", "lxc.tty.max", "16"},
    {"lxc.tty.max = 010", "lxc.tty.max", "8"},
    {"lxc.tty.max = 4x", refused, ""},
    {"lxc.tty.max = -1", refused, ""},
    {"lxc.tty.max = 4294967296", refused, ""},
    {"lxc.tty.max = 4\nlxc.tty.max =", "lxc.tty.max", "0"},
    {"lxc.init.uid = foo", refused, ""},
    {"lxc.init.uid = 1000", "lxc.init.uid", "1000"},
    {"lxc.start.auto = 2", refused, ""},
    {"lxc.start.auto = yes", refused, ""},
    {"lxc.start.auto = 01", "lxc.start.auto", "1"},
    {"lxc.start.order = -3", "lxc.start.order", "-3"},
    {"lxc.start.order = 0x", refused, ""},
    {"lxc.monitor.unshare = 7", "lxc.monitor.unshare", "7"},
    {"lxc.signal.halt = SIGRTMIN+3", "lxc.signal.halt", "37"},
    {"lxc.signal.halt = SIGRTMAX-1", "lxc.signal.halt", "63"},
    {"lxc.signal.halt = SIGRTMIN", refused, ""},
    {"lxc.signal.halt = SIGRTMIN+31", refused, ""},
    {"lxc.signal.halt = sigpwr", "lxc.signal.halt", "30"},
    {"lxc.signal.halt = PWR", refused, ""},
    {"lxc.signal.halt = 999", "lxc.signal.halt", "999"},
    {"lxc.signal.halt = -1", refused, ""},
    {"lxc.monitor.signal.pdeath =", "lxc.monitor.signal.pdeath", "0"},
    {"lxc.tty.max = 1", "lxc.monitor.signal.pdeath", "9"},
    {"lxc.autodev =", "lxc.autodev", "0"},
    {"lxc.autodev = 0\nlxc.autodev = 1", "lxc.autodev", "1"},
    {"lxc.autodev.tmpfs.size = junk", "lxc.autodev.tmpfs.size", "500000"},
    {"lxc.autodev.tmpfs.size = -5", "lxc.autodev.tmpfs.size", "-5"},
    {"lxc.rootfs.managed =", "lxc.rootfs.managed", "1"},
    {"lxc.rootfs.path = dir://var//lib/./x/", "lxc.rootfs.path", "/var/lib/x"},
    {"lxc.rootfs.path = overlay:/l:/u", "lxc.rootfs.path", "/l:/u"},
    {"lxc.rootfs.path = /a:b", "lxc.rootfs.path", "/a:b"},
    {"lxc.rootfs.path = ./dir:x", "lxc.rootfs.path", "./dir:x"},
    {"lxc.rootfs.path = /a/../b", "lxc.rootfs.path", "/a/../b"},
    {"lxc.rootfs.options = ro,create=dir", refused, ""},
    {"lxc.rootfs.options = optional", refused, ""},
    {"lxc.rootfs.options = ro,idmap=container", "lxc.rootfs.options", "ro,idmap=container"},
    {"lxc.init.cwd = ./a//b/.", "lxc.init.cwd", "a/b"},
    {"lxc.cap.drop = sys_admin 3 net_admin", "lxc.cap.drop", "sys_admin\n3\nnet_admin\n"},
    {"lxc.cap.drop = CAP_SYS_ADMIN", refused, ""},
    {"lxc.cap.drop = cap_sys_admin", refused, ""},
    {"lxc.cap.drop = SYS_ADMIN", refused, ""},
    {"lxc.cap.drop = none", refused, ""},
    {"lxc.cap.drop = 63", refused, ""},
    {"lxc.cap.drop = sys_admin\nlxc.cap.keep = chown", refused, ""},
    {"lxc.cap.drop = sys_admin\nlxc.cap.keep =\nlxc.cap.keep = chown", "lxc.cap.keep", "chown\n"},
    {"lxc.cap.keep = chown\nlxc.cap.keep = none", "lxc.cap.keep", ""},
    {"lxc.cap.keep = none\nlxc.cap.keep = chown", "lxc.cap.keep", "chown\n"},
    {"lxc.mount.auto = proc sys cgroup\nlxc.mount.auto = proc:rw", "lxc.mount.auto", "proc:rw sys:mixed cgroup"},
    {"lxc.mount.auto = cgroup:rw:force", "lxc.mount.auto", "cgroup:rw:force"},
    {"lxc.mount.auto = cgroup2\nlxc.mount.auto = cgroup:ro sys:ro", "lxc.mount.auto", "sys:ro cgroup:ro"},
    {"lxc.mount.auto = shmounts:/a:/b proc", "lxc.mount.auto", "proc:mixed shmounts:/a:/b"},
    {"lxc.mount.auto = Proc", refused, ""},
    {"lxc.mount.auto = sys:force", refused, ""},
    {"lxc.mount.auto = proc\nlxc.mount.auto =", "lxc.mount.auto", ""},
    {"lxc.mount.fstab = /x\nlxc.mount.fstab =", "lxc.mount.fstab", ""},
    {"lxc.idmap = b 0 100000 65536", "lxc.idmap", "u 0 100000 65536\ng 0 100000 65536"},
    {"lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0x0 0100 1", "lxc.idmap", "u 0 100000 65536\ng 0 64 1"},
    {"lxc.idmap = u 0 100000 65536 x", refused, ""},
    {"lxc.idmap = u 0 100000", refused, ""},
    {"lxc.idmap = x 0 100000 1", refused, ""},
    {"lxc.idmap = u 0 -1 1", refused, ""},
    {"lxc.time.offset.boot = 10h", "lxc.time.offset.boot", "36000s"},
    {"lxc.time.offset.monotonic = 5 s", "lxc.time.offset.monotonic", "5s"},
    {"lxc.time.offset.monotonic = -3us", "lxc.time.offset.monotonic", "-3000ns"},
    {"lxc.time.offset.boot = 10", refused, ""},
    {"lxc.time.offset.boot = 5 ms", refused, ""},
    {"lxc.time.offset.boot = 99999999999999999999s", refused, ""},
    {"lxc.time.offset.boot = 9223372036854775807h", refused, ""},
    {"lxc.time.offset.boot = 10s\nlxc.time.offset.boot = 5ms", "lxc.time.offset.boot", "10005000000ns"},
    {"lxc.time.offset.boot = 5ms\nlxc.time.offset.boot = 10s", "lxc.time.offset.boot", "10005000000ns"},
    {"lxc.time.offset.boot = 5s\nlxc.time.offset.boot = 10s", "lxc.time.offset.boot", "10s"},
    {"lxc.cgroup.dir = /a", refused, ""},
    {"lxc.cgroup.dir = a/../b", refused, ""},
    {"lxc.cgroup.dir = a..b", refused, ""},
    {"lxc.cgroup.dir = a//b/", "lxc.cgroup.dir", "a/b"},
    {"lxc.tty.max = 1", "lxc.cgroup.dir", "(null)"},
    {"lxc.cgroup.dir.container.inner = a/b", refused, ""},
    {"lxc.cgroup.dir.container.inner = a", "lxc.cgroup.dir.container.inner", "a"},
    {"lxc.arch =", refused, ""},
    {"lxc.arch = amd64", "lxc.arch", "x86_64"},
    {"lxc.arch = i386", "lxc.arch", "i686"},
    {"lxc.arch = AMD64", refused, ""},
    {"lxc.console.size = 100KB", "lxc.console.size", "131072"},
    {"lxc.console.size = 1", "lxc.console.size", "4096"},
    {"lxc.console.size = 3 mb", "lxc.console.size", "4194304"},
    {"lxc.console.size = 1K", "lxc.console.size", "4096"},
    {"lxc.console.size = 1TB", refused, ""},
    {"lxc.console.size = x", refused, ""},
    {"lxc.console.size = 99999999999999GB", refused, ""},
    {"lxc.console.buffer.size = auto", "lxc.console.buffer.size", "131072"},
    {"lxc.console.buffer.size = 0x2000", "lxc.console.buffer.size", "8192"},
    {"lxc.environment = KEELSON_NOT_SET", refused, ""},
    {"lxc.environment = KEELSON_SET", "lxc.environment", "KEELSON_SET=here\n"},
    {"lxc.environment = A=1\nlxc.environment = A=b=c", "lxc.environment", "A=1\nA=b=c\n"},
    {"lxc.environment.hooks = A=1\nlxc.environment =", "lxc.environment.hooks", "A=1\n"},
    {"lxc.log.level = 3", "lxc.log.level", "NOTICE"},
    {"lxc.log.level = Warn", "lxc.log.level", "WARN"},
    {"lxc.log.level = 9", refused, ""},
    {"lxc.log.level = notset", refused, ""},
    {"lxc.uts.name = a", "lxc.log.level", "NOTSET"},
    {"lxc.log.file =", "lxc.log.file", ""},
    {"lxc.log.syslog = LOCAL0", "lxc.log.syslog", "LOCAL0"},
    {"lxc.log.syslog = user", refused, ""},
    {"lxc.namespace.keep = mount", refused, ""},
    {"lxc.namespace.clone = NET ipc", "lxc.namespace.clone", "ipc\nnet\n"},
    {"lxc.namespace.clone = net\nlxc.namespace.clone = net uts", "lxc.namespace.clone", "uts\nnet\n"},
    {"lxc.namespace.clone = net\nlxc.namespace.keep = ipc", refused, ""},
    {"lxc.namespace.clone = net\nlxc.namespace.keep =\nlxc.namespace.keep = ipc", refused, ""},
    {"lxc.namespace.clone = net\nlxc.namespace.clone =\nlxc.namespace.keep = ipc", "lxc.namespace.keep", "ipc\n"},
    {"lxc.namespace.share.net = web", "lxc.namespace.share.net", "web"},
    {"lxc.namespace.share.Net = web", refused, ""},
    {"lxc.namespace.share.foo = web", refused, ""},
    {"lxc.hook.version = 2", refused, ""},
    {"lxc.hook.version = x", refused, ""},
    {"lxc.init.groups = 1, 2\nlxc.init.groups = 3", "lxc.init.groups", "1,2,3"},
    {"lxc.init.groups = 1 ,2", refused, ""},
    {"lxc.init.groups = 1,,2", refused, ""},
    {"lxc.init.groups = 99999999999", refused, ""},
    {"lxc.group = a b\nlxc.group = a", "lxc.group", "a\nb\na\n"},
};
INSTANTIATE_TEST_SUITE_P(Values, Grammar, testing::ValuesIn(values));

constexpr Case families[] = {
    {"lxc.prlimit.nofile = unlimited:5\nlxc.prlimit.nofile = 7", "lxc.prlimit", "lxc.prlimit.nofile = 7\n"},
    {"lxc.prlimit.nofile = 10:5", "lxc.prlimit.nofile", "10:5"},
    {"lxc.prlimit.nofile = :5\nlxc.prlimit.core = 5:\nlxc.prlimit.as = -1", "lxc.prlimit",
     "lxc.prlimit.nofile = 0:5\nlxc.prlimit.core = 5\nlxc.prlimit.as = unlimited\n"},
    {"lxc.prlimit.nofile = 0x10", refused, ""},
    {"lxc.prlimit.nofile = x", refused, ""},
    {"lxc.prlimit. = 1", refused, ""},
    {"lxc.prlimit = 1", refused, ""},
    {"lxc.prlimit.a = 1\nlxc.prlimit.b = 2\nlxc.prlimit.a =", "lxc.prlimit", "lxc.prlimit.b = 2\n"},
    {"lxc.prlimit.a = 1\nlxc.prlimit =", "lxc.prlimit", ""},
    {"lxc.sysctl.a.b = 1\nlxc.sysctl.c = 3\nlxc.sysctl.a.b = 2", "lxc.sysctl", "lxc.sysctl.a.b = 2\nlxc.sysctl.c = 3\n"},
    {"lxc.sysctl.a = 1", "lxc.sysctl.a", "1"},
    {"lxc.proc.x = 1\nlxc.proc.x = 2", "lxc.proc.x", "12"},
    {"lxc.proc.x = 1\nlxc.proc.x = 2", "lxc.proc", "lxc.proc.x = 1\nlxc.proc.x = 2\n"},
    {"lxc.procfoo = 1", refused, ""},
    {"lxc.cgroup.memory.limit_in_bytes = 1", "lxc.cgroup.memory.limit_in_bytes", "1\n"},
    {"lxc.cgroup2.memory.max = 1", "lxc.cgroup2", "lxc.cgroup2.memory.max = 1\n"},
    {"lxc.cgroup.dir = d\nlxc.cgroup.a = 1\nlxc.cgroup =", "lxc.cgroup.dir", "d"},
    {"lxc.cgroup.devices.deny = a\nlxc.cgroup.devices.allow = c 1:3 rwm\nlxc.cgroup.devices.deny =", "lxc.cgroup",
     "lxc.cgroup.devices.allow = c 1:3 rwm\n"},
    {"lxc.hook.start = /a b\nlxc.hook.start = /c", "lxc.hook.start", "/a b\n/c\n"},
    {"lxc.hook.start = /a\nlxc.hook.version = 1\nlxc.hook =", "lxc.hook.start", ""},
    {"lxc.hook.start = /a\nlxc.hook.version = 1\nlxc.hook =", "lxc.hook.version", "1"},
    {"lxc.hook = x", refused, ""},
    {"lxc.hook.foo = x", refused, ""},
    {"lxc.hook.foo =", refused, ""},
    {"keelson.hook.trace.label.a = 1\nkeelson.hook.trace.label.a = 2", "keelson.hook.trace.label.a", "2"},
};
INSTANTIATE_TEST_SUITE_P(Families, Grammar, testing::ValuesIn(families));

constexpr Case devices[] = {
    {"lxc.net.0.type = veth\nlxc.net.0.ipv4.address = 192.168.1.5\nlxc.net.0.ipv4.address = 10.0.0.200\n"
     "lxc.net.0.ipv4.address = 10.0.0.1/24 10.0.0.255\nlxc.net.0.ipv4.address = 172.16.0.1",
     "lxc.net.0.ipv4.address", "192.168.1.5/24\n10.0.0.200/8\n10.0.0.1/24\n172.16.0.1/16"},
    {"lxc.net.0.ipv4.address = 10.0.0.1/33", refused, ""},
    {"lxc.net.0.ipv4.address = 10.0.0", refused, ""},
    {"lxc.net.0.ipv4.address = 10.0.0.1/24 x", refused, ""},
    {"lxc.net.0.ipv4.address = 10.0.0.1/24 10.0.0.255 x", refused, ""},
    {"lxc.net.0.ipv6.address = fe80:0::1", "lxc.net.0.ipv6.address", "fe80::1/64"},
    {"lxc.net.0.ipv6.address = fe80::1/129", refused, ""},
    {"lxc.net.0.ipv6.address = fe80::1/", refused, ""},
    {"lxc.net.0.ipv4.gateway = auto\nlxc.net.0.ipv4.gateway =", "lxc.net.0.ipv4.gateway", ""},
    {"lxc.net.0.ipv4.gateway = dev", "lxc.net.0.ipv4.gateway", "dev"},
    {"lxc.net.0.ipv4.gateway = fe80::1", refused, ""},
    {"lxc.net.0.ipv6.gateway = fe80::0:1", "lxc.net.0.ipv6.gateway", "fe80::1"},
    {"lxc.net.0.ipv6.gateway = 10.0.0.1", refused, ""},
    {"lxc.net.00.type = veth\nlxc.net.0.name = averyveryverylongname", "lxc.net.0.name", "averyveryverylo"},
    {"lxc.net.0.flags = down", "lxc.net.0.flags", "up"},
    {"lxc.net.0.flags = down", "lxc.net.0.type", "empty"},
    {"lxc.net.0.flags = up\nlxc.net.0.flags =", "lxc.net", "empty\n"},
    {"lxc.net.0.mtu = abc", "lxc.net.0.mtu", "abc"},
    {"lxc.net.0.hwaddr = zz", "lxc.net.0.hwaddr", "zz"},
    {"lxc.net.0.type = veth\nlxc.net.0.link = br0\nlxc.net.0.type = macvlan", "lxc.net.0.link", ""},
    {"lxc.net.0.type = veth\nlxc.net.0.link = br0\nlxc.net.0.type =", "lxc.net.0.type", "empty"},
    {"lxc.net.0.macvlan.mode = vepa", refused, ""},
    {"lxc.net.0.type = veth\nlxc.net.0.macvlan.mode = vepa", refused, ""},
    {"lxc.net.0.type = macvlan\nlxc.net.0.macvlan.mode = vepa", "lxc.net.0.macvlan.mode", "vepa"},
    {"lxc.net.0.type = macvlan\nlxc.net.0.macvlan.mode = bad", refused, ""},
    {"lxc.net.0.type = macvlan", "lxc.net.0.macvlan.mode", "private"},
    {"lxc.net.0.type = veth\nlxc.net.0.veth.vlan.id = 4094", "lxc.net.0.veth.vlan.id", "4094"},
    {"lxc.net.0.type = veth\nlxc.net.0.veth.vlan.id = none", "lxc.net.0.veth.vlan.id", "none"},
    {"lxc.net.0.type = veth\nlxc.net.0.veth.vlan.id = 4095", refused, ""},
    {"lxc.net.0.type = veth\nlxc.net.0.veth.pair = a\nlxc.net.0.veth.pair =", "lxc.net.0.veth.pair", ""},
    {"lxc.net.a.type = veth", refused, ""},
    {"lxc.net.N.type = veth", refused, ""},
    {"lxc.net.type = veth", refused, ""},
    {"lxc.net.0 = veth", refused, ""},
    {"lxc.net.0. = veth", refused, ""},
    {"lxc.net.-1.type = veth", refused, ""},
    {"lxc.net.99999999999.type = veth", refused, ""},
    {"lxc.net.0.type = nosuch", refused, ""},
    {"lxc.net.0.type = ../veth", refused, ""},
    {"lxc.net.0.link =\nlxc.net.0.veth.pair =", "lxc.net", ""},
    {"lxc.net.0.bogus =", refused, ""},
    {"lxc.net.0.type = macvlan\nlxc.net.0.veth.pair =", refused, ""},
    {"lxc.net.0.type = veth\nlxc.net.0.veth.pair = a\nlxc.net.0.type =\nlxc.net.0.type = veth", "lxc.net.0.veth.pair", ""},
    {"lxc.net.7 =", "lxc.net", ""},
    {"lxc.net = x", refused, ""},
    {"lxc.net.3.flags = up\nlxc.net.1.type = veth\nlxc.net =", "lxc.net", ""},
    {"lxc.net.3.flags = up\nlxc.net.1.type = veth", "lxc.net", "veth\nempty\n"},
    {"lxc.net.3.flags = up\nlxc.net.1.type = veth\nlxc.net.3 =", "lxc.net", "veth\n"},
};
INSTANTIATE_TEST_SUITE_P(Devices, Grammar, testing::ValuesIn(devices));

constexpr Case plugins[] = {
    {"lxc.apparmor.profile = x", "lxc.apparmor.profile", "x"},
    {"lxc.apparmor.raw = a,\nlxc.apparmor.raw = b,", "lxc.apparmor.raw", "a,\nb,\n"},
    {"lxc.apparmor.bogus = x", refused, ""},
    {"lxc.apparmor.bogus = 0", refused, ""},
    {"lxc.seccomp.profile = /a//b", "lxc.seccomp.profile", "/a/b"},
    {"lxc.seccomp.allow_nesting = foo", refused, ""},
    {"lxc.selinux.context = system_u:system_r:lxc_t:s0", refused, ""},
    {"lxc.selinux.context = unconfined_t", "lxc.selinux.context", "unconfined_t"},
    {"lxc.selinux.context =", "lxc.uts.name", ""},
    {"lxc.aparmor.profile = unconfined", refused, ""},
    {"keelson.hook.trace.port = 0x50", "keelson.hook.trace.port", "80"},
    {"keelson.hook.trace.port = 0", refused, ""},
    {"keelson.hook.trace.what = calls files", "keelson.hook.trace.what", "calls\nfiles\n"},
    {"keelson.hook.trace.what = calls socks", refused, ""},
    {"keelson.hook.trace.prot = 1", refused, ""},
    {"keelson.hook.other.port = 1", refused, ""},
    {"keelson.bogus = 1", refused, ""},
    {"keelson.../x.y = 1", refused, ""},
    {"keelson.lsm = apparmor seccomp", "keelson.lsm", "apparmor\nseccomp\n"},
    {"keelson.cgroup.driver = unified", "keelson.cgroup.driver", "unified"},
};
INSTANTIATE_TEST_SUITE_P(Plugins, Grammar, testing::ValuesIn(plugins));

}  // namespace
