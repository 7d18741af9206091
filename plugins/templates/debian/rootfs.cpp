#include "rootfs.hpp"

#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <plugins/templates/common/tree.hpp>

namespace keelson::templates {

namespace {

constexpr char interfaces[] =
    "# Read by networking.service only if the runtime gave eth0 no address; see networking.service.d/container.conf.\n"
    "auto eth0\n"
    "iface eth0 inet dhcp\n";

// An address from the container's configuration is complete: with it there is nothing left to ask a DHCP server for.
constexpr char only_without_address[] =
    "[Service]\n"
    "ExecCondition=/bin/sh -c 'test -e /sys/class/net/eth0 && ! ip -4 -o address show dev eth0 scope global | grep -q inet'\n";

// systemd expects logins on tty1... of machines with virtual consoles (/dev/tty0) only. A runtime that names its terminals
// in $container_ttys has logins there by container-getty@.service already.
constexpr char login_on_terminals[] =
    "[Unit]\n"
    "ConditionPathExists=\n"
    "ConditionPathExists=/dev/%I\n"
    "ConditionPathExists=!/run/systemd/generator/getty.target.wants/container-getty@1.service\n";

// What only makes sense for the machine's kernel and its devices.
constexpr const char* masked_units[] = {
    "dev-hugepages.mount",          "sys-kernel-config.mount",           "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",     "systemd-journald-audit.socket",     "systemd-modules-load.service",
    "systemd-udevd.service",        "systemd-udevd-control.socket",      "systemd-udevd-kernel.socket",
    "systemd-udev-trigger.service", "proc-sys-fs-binfmt_misc.automount",
};

void identify(Tree& tree, const std::string& name) {
    tree.file("etc/hostname", cat(name, "\n"));
    tree.file("etc/hosts",
              cat("127.0.0.1\tlocalhost\n127.0.1.1\t", name,
                  "\n\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"));
    // machine-id(5): empty, it is made up at the first boot, so that copies differ.
    tree.file("etc/machine-id", "", 0444);
    tree.remove("var/lib/dbus/machine-id");
}

void set_up_network(Tree& tree) {
    // Bootstrapping leaves the machine's own; who gives the address gives the resolver too.
    tree.file("etc/resolv.conf", "");
    tree.file("etc/network/interfaces", cat(interfaces, "\nsource /etc/network/interfaces.d/*\n"));
    tree.file("etc/systemd/system/networking.service.d/container.conf", only_without_address);
}

void set_up_systemd(Tree& tree) {
    for (const char* unit : masked_units) tree.link(cat("etc/systemd/system/", unit), "/dev/null");
    tree.file("etc/systemd/system/getty@.service.d/container.conf", login_on_terminals);
    for (int terminal = 1; terminal <= 4; ++terminal)
        tree.link(cat("etc/systemd/system/getty.target.wants/getty@tty", terminal, ".service"),
                  "/lib/systemd/system/getty@.service");
    tree.link("etc/systemd/system/default.target", "/lib/systemd/system/multi-user.target");
}

void set_up_packages(Tree& tree, const std::vector<AptSource>& sources) {
    tree.remove("etc/apt/sources.list");
    tree.remove("etc/apt/sources.list.d/0000debian.sources");
    tree.file("etc/apt/sources.list.d/debian.sources", to_stanzas(sources));
    for (const AptSource& source : sources) {
        const std::string& key = source.signed_by;
        if (key.starts_with('/') && key.find(',') == std::string::npos && !tree.exists(key) && ::access(key.c_str(), R_OK) == 0)
            tree.copy(key.substr(1), key, 0644);
    }
}

}  // namespace

void prepare_debian(const std::string& rootfs, const std::string& name, const std::vector<AptSource>& sources) {
    Tree tree(rootfs);
    identify(tree, name);
    set_up_network(tree);
    set_up_systemd(tree);
    set_up_packages(tree, sources);
    tree.file("etc/default/locale", "LANG=C.UTF-8\n");
    tree.file("etc/fstab", "");
    tree.remove("usr/sbin/policy-rc.d");
}

}  // namespace keelson::templates
