#include <algorithm>
#include <array>
#include <kernel/config/kernel_keys.hpp>
#include <kernel/config/key_types.hpp>

namespace keelson::config {

namespace {

using abi::Key;
using enum abi::KeyType;
using enum abi::KeyFlags;

constexpr abi::KeyType as(uint32_t type) { return own_type(type); }

constexpr Key declared[] = {
    // the configuration itself
    {"lxc.include", path, key_action, "", "", "read this file here, or every *.conf of this directory, sorted by name"},

    // what the container is
    {"lxc.uts.name", as(own::host_name), 0, "", "", "host name"},
    {"lxc.arch", as(own::architecture), key_not_empty, "", "", "architecture that uname(2) shows"},
    {"lxc.ephemeral", boolean, 0, "0", "", "1: destroy the container when it has stopped"},
    {"lxc.group", words, key_list, "", "", "groups that the container belongs to, for autostart"},
    {"lxc.start.auto", boolean, 0, "0", "", "1: start at boot"},
    {"lxc.start.delay", number, 0, "0", "0..4294967295", "seconds to wait after starting this container, before the next"},
    {"lxc.start.order", integer, 0, "0", "-2147483648..2147483647", "the smaller starts first, and stops last"},
    {"lxc.monitor.unshare", number, 0, "0", "0..4294967295", "1: the monitor and its hooks get a mount namespace of their own"},
    {"lxc.monitor.signal.pdeath", signal, key_empty_is_zero, "9", "", "signal for the init when the monitor dies; 0: none"},

    // its first process
    {"lxc.init.cmd", text, 0, "/sbin/init", "", "program to run as init, with arguments"},
    {"lxc.init.cwd", path, 0, "", "", "directory that the init starts in"},
    {"lxc.init.uid", number, 0, "0", "0..4294967294", "user id of the init, inside the container"},
    {"lxc.init.gid", number, 0, "0", "0..4294967294", "group id of the init, inside the container"},
    {"lxc.init.groups", as(own::group_ids), key_list, "", "", "supplementary group ids of the init, between commas"},
    {"lxc.execute.cmd", text, 0, "", "", "program that `execute` runs when none is named, with arguments"},
    {"lxc.signal.halt", signal, 0, "", "", "signal that asks the init to shut down"},
    {"lxc.signal.reboot", signal, 0, "", "", "signal that asks the init to reboot"},
    {"lxc.signal.stop", signal, 0, "", "", "signal that ends the init by force"},
    {"lxc.cap.drop", capability, key_list, "", "", "capabilities to take away"},
    {"lxc.cap.keep", capability, key_list, "", "none", "the only capabilities to leave; `none` leaves none"},
    {"lxc.no_new_privs", boolean, 0, "0", "", "1: no process gains privileges by execve(2)"},
    {"lxc.keyring.session", boolean, 0, "0", "", "0: a new session keyring; 1: keep the one of who starts the container"},
    {"lxc.sched.core", boolean, 0, "0", "", "1: share no processor core with others at the same time"},
    {"lxc.environment", variable, key_list, "", "", "variable for hooks inside and for the init; a bare name copies yours"},
    {"lxc.environment.runtime", variable, key_list, "", "", "variable for the init and attached processes alone"},
    {"lxc.environment.hooks", variable, key_list, "", "", "variable for hooks inside alone"},
    {"lxc.prlimit.", as(own::limit), key_family | key_unique, "", "",
     "resource limit of the init, SOFT[:HARD]; names as in setrlimit(2)"},
    {"lxc.proc.", text, key_family | key_list, "", "", "value for /proc/PID/NAME of the init, such as oom_score_adj"},
    {"lxc.sysctl.", text, key_family | key_unique, "", "", "value for /proc/sys/NAME inside the container"},

    // namespaces
    {"lxc.idmap", idmap, key_list, "", "",
     "range of user (u), group (g) or both (b) ids: first inside, first on the host, how many"},
    {"lxc.namespace.clone", namespaces, key_list, "", "", "the only namespaces to make; mnt has to be one"},
    {"lxc.namespace.keep", namespaces, key_list, "", "", "namespaces to share with the host, but mnt; all others are made"},
    {"lxc.namespace.share.", text, key_family | key_unique, "", "user mnt pid uts ipc net cgroup time",
     "join this namespace of a pid, a container or a path"},
    {"lxc.time.offset.boot", duration, 0, "", "", "what the boot clock is ahead of the host's"},
    {"lxc.time.offset.monotonic", duration, 0, "", "", "what the monotonic clock is ahead of the host's"},

    // log
    {"lxc.log.file", path, 0, "", "", "log file"},
    {"lxc.log.level", as(own::log_level), 0, "", "", "least level that is logged"},
    {"lxc.log.syslog", as(own::facility), 0, "", "", "log to syslog(3) too, with this facility"},

    // cgroups
    {"keelson.cgroup.driver", text, 0, "", "", "cgroup plugin to use instead of the one that fits the host"},
    {"lxc.cgroup.dir", relative, 0, "", "", "cgroup below which those of monitor and container are made"},
    {"lxc.cgroup.dir.monitor", relative, 0, "", "", "cgroup of the monitor"},
    {"lxc.cgroup.dir.monitor.pivot", relative, 0, "", "", "cgroup that the monitor goes to at the end"},
    {"lxc.cgroup.dir.container", relative, 0, "", "", "cgroup that limits apply to"},
    {"lxc.cgroup.dir.container.inner", as(own::component), 0, "", "", "cgroup below it that is the container's root"},
    {"lxc.cgroup.relative", boolean, 0, "0", "", "1: below the cgroup of who starts the container"},
    {"lxc.cgroup.", text, key_family | key_list, "", "", "value for a control file of cgroup version 1"},
    {"lxc.cgroup2.", text, key_family | key_list, "", "", "value for a control file of cgroup version 2"},

    // root file system and mounts
    {"lxc.rootfs.path", as(own::rootfs_source), 0, "", "", "root file system, [TYPE:]PATH; unset: the host's"},
    {"lxc.rootfs.mount", as(own::installed_path), 0, "lib/keelson/rootfs", "",
     "directory that the root file system is mounted on before it becomes the root"},
    {"lxc.rootfs.options", as(own::mount_options), 0, "", "",
     "mount options of the root file system; idmap=container shifts its owners"},
    {"lxc.rootfs.managed", boolean, 0, "1", "", "0: the root file system is not destroyed with the container"},
    {"lxc.mount.fstab", path, 0, "", "", "file of mount entries, fstab(5)"},
    {"lxc.mount.entry", text, key_list, "", "",
     "one line of an fstab(5); also optional, create=dir, create=file, relative, idmap="},
    {"lxc.mount.auto", as(own::auto_mounts), key_list, "", "", "proc, sys, cgroup and shmounts, in their variants"},
    {"lxc.autodev", boolean, key_empty_is_zero, "1", "", "1: a fresh /dev with the usual devices"},
    {"lxc.autodev.tmpfs.size", as(own::tmpfs_size), 0, "500000", "", "bytes of the fresh /dev"},

    // console
    {"lxc.console.path", path, 0, "", "", "terminal or file on the host that shows the console; none: no console"},
    {"lxc.console.logfile", path, 0, "", "", "file that console output is appended to"},
    {"lxc.console.size", as(own::console_size), 0, "0", "", "size that the log file may reach; 0: any"},
    {"lxc.console.rotate", boolean, 0, "0", "", "1: a full log file becomes FILE.1; 0: it is emptied"},
    {"lxc.console.buffer.size", as(own::console_size), 0, "0", "", "bytes of console output kept in memory; 0: none"},
    {"lxc.tty.max", number, 0, "0", "0..4294967295", "how many terminals beside the console"},
    {"lxc.tty.dir", relative, 0, "", "", "directory below /dev for console and terminals"},
    {"lxc.pty.max", number, 0, "0", "0..4294967295", "how many pseudo terminals the container may have; 0: no devpts"},

    // network
    {"lxc.net", text, key_action, "", "", "only empty: forgets all devices so far"},
    {"lxc.net.N.type", as(own::network_type), 0, "empty", "",
     "kind of device, a network plugin; forgets what was said of the device"},
    {"lxc.net.N.link", as(own::interface_name), 0, "", "", "interface of the host that the device is connected to"},
    {"lxc.net.N.flags", as(own::network_flags), 0, "", "", "up: the device is brought up"},
    {"lxc.net.N.name", as(own::interface_name), 0, "", "", "name inside the container"},
    {"lxc.net.N.hwaddr", as(own::hardware_address), 0, "", "", "hardware address; each x is drawn at random"},
    {"lxc.net.N.mtu", text, 0, "", "", "largest packet, in bytes"},
    {"lxc.net.N.ipv4.address", address4, key_list, "", "", "address inside, with /PREFIX and a broadcast address if wanted"},
    {"lxc.net.N.ipv4.gateway", gateway, 0, "", "ipv4", "default route: an address, auto (the link's address) or dev"},
    {"lxc.net.N.ipv6.address", address6, key_list, "", "", "address inside, with /PREFIX"},
    {"lxc.net.N.ipv6.gateway", gateway, 0, "", "ipv6", "default route: an address, auto (the link's address) or dev"},
    {"lxc.net.N.l2proxy", boolean, 0, "0", "", "1: the link answers for the container's addresses"},
    {"lxc.net.N.script.up", text, 0, "", "", "program to run on the host when the device is made"},
    {"lxc.net.N.script.down", text, 0, "", "", "program to run on the host when the device goes"},

    // hooks and plugins
    {"lxc.hook", text, key_action, "", "", "only empty: forgets all hooks so far"},
    {"lxc.hook.version", number, 0, "0", "0..1", "1: hooks get their facts in the environment alone, not as arguments"},
    {"lxc.hook.pre-start", text, key_list, "", "", "program to run on the host before anything is made"},
    {"lxc.hook.pre-mount", text, key_list, "", "", "program to run in the namespaces before the root file system is mounted"},
    {"lxc.hook.mount", text, key_list, "", "", "program to run in the namespaces after all mounts"},
    {"lxc.hook.autodev", text, key_list, "", "", "program to run in the namespaces before device nodes are made"},
    {"lxc.hook.start-host", text, key_list, "", "", "program to run on the host just before the init"},
    {"lxc.hook.start", text, key_list, "", "", "program to run inside just before the init"},
    {"lxc.hook.stop", text, key_list, "", "", "program to run on the host when the init has ended"},
    {"lxc.hook.post-stop", text, key_list, "", "", "program to run on the host when all is taken down"},
    {"lxc.hook.clone", text, key_list, "", "", "program to run when the container is copied"},
    {"lxc.hook.destroy", text, key_list, "", "", "program to run when the container is destroyed"},
    {"keelson.hook", words, key_list, "", "", "hook plugins to use"},
    {"keelson.lsm", words, key_list, "", "", "security plugins to use instead of those that fit the host; `none` uses none"},
};

constexpr size_t key_count = std::size(declared);

/// Sorted while compiling: at run time it is read-only memory, without relocations.
constexpr auto sorted = [] {
    std::array<Key, key_count> keys{};
    std::array<uint8_t, key_count> order{};
    for (size_t i = 0; i < key_count; ++i) order[i] = static_cast<uint8_t>(i);
    std::ranges::sort(order, {}, [](uint8_t i) { return std::string_view(declared[i].name); });
    for (size_t i = 0; i < key_count; ++i) keys[i] = declared[order[i]];
    return keys;
}();
static_assert(key_count < 256);

const Key* not_before(std::string_view name) noexcept {
    return std::ranges::lower_bound(sorted, name, {}, [](const Key& key) { return std::string_view(key.name); });
}

const Key* exactly(std::string_view name) noexcept {
    const Key* const found = not_before(name);
    return found != sorted.end() && found->name == name ? found : nullptr;
}

}  // namespace

std::span<const Key> kernel_keys() noexcept { return sorted; }

const Key* find_family(std::string_view name) noexcept {
    const auto* const found = std::ranges::find_if(sorted, [&](const Key& key) {
        const std::string_view own = key.name;
        return has_flag(key, key_family) && own.size() == name.size() + 1 && own.starts_with(name);
    });
    return found != sorted.end() ? found : nullptr;
}

bool has_keys_below(std::string_view stem) noexcept {
    const Key* const first = not_before(stem);
    return first != sorted.end() && std::string_view(first->name).starts_with(stem);
}

const Key* kernel_key(std::string_view name) noexcept {
    if (name.ends_with('.')) return nullptr;
    if (const Key* const key = exactly(name)) return key;
    for (size_t dot = name.rfind('.'); dot != std::string_view::npos && dot > 0; dot = name.rfind('.', dot - 1)) {
        if (const Key* const family = exactly(name.substr(0, dot + 1))) return family;
    }
    return nullptr;
}

}  // namespace keelson::config
