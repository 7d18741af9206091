"""What a system test may need, how to see that the running kernel offers it, and how a guest is booted that does."""

import os
import subprocess


def _read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _link_type(kind):
    """Whether a link of this kind can be made, tried in a network namespace of its own."""
    made = f"ip link add klt-a type dummy || ip link add klt-a type veth peer name klt-b; {kind}"
    return lambda: subprocess.run(["unshare", "-n", "sh", "-c", made], capture_output=True).returncode == 0


def _capability(bit):
    return lambda: int(_read("/proc/self/status").split("CapEff:")[1].split()[0], 16) >> bit & 1


def _never():
    return False


# need: (how the guest is booted for it, whether the running kernel offers it)
NEEDS = {
    "cgroup2-only": ({"cgroup": "unified"}, lambda: "memory" in _read("/sys/fs/cgroup/cgroup.controllers")),
    "cgroup-hybrid": (
        {"cgroup": "hybrid"},
        lambda: all(map(os.path.exists, ["/sys/fs/cgroup/unified/cgroup.procs", "/sys/fs/cgroup/memory/tasks"])),
    ),
    "cgroup-legacy": ({"cgroup": "legacy"}, _never),
    "apparmor": ({"lsm": "apparmor"}, lambda: "apparmor" in _read("/sys/kernel/security/lsm")),
    "selinux": ({"lsm": "selinux"}, _never),  # the tests bring a policy
    "dm": ({}, lambda: "device-mapper" in _read("/proc/misc")),
    "nbd": ({}, lambda: " nbd\n" in _read("/proc/devices")),
    "dummy": ({}, _link_type("ip link add klt-c type dummy")),
    "vlan": ({}, _link_type("ip link add link klt-a name klt-c type vlan id 5")),
    "ipvlan": ({}, _link_type("ip link add link klt-a name klt-c type ipvlan")),
    "cap-sys-resource": ({}, _capability(24)),
    "systemd": ({"systemd": True}, lambda: os.path.isdir("/run/systemd/system")),
    "user-session": ({"systemd": True}, _never),  # makes a user
    "user": ({}, _never),  # makes a user
    "debian": ({"debian": True}, _never),  # a Debian root at $KEELSON_VM_DEBIAN
    "disk": ({"disk": "2G"}, _never),  # an empty device, $KEELSON_VM_DISK
    "nics": ({"nics": "2"}, _never),  # two network cards on one wire
}

_offered = {}


def missing_here(needs):
    """The needs that the running kernel does not offer."""
    for need in needs:
        if need not in _offered:
            _offered[need] = need in NEEDS and bool(NEEDS[need][1]())
    return sorted(need for need in needs if not _offered[need])


def guest_settings(needs):
    """How to boot a guest for these needs; ValueError says why there is none."""
    settings = {}
    for need in sorted(needs):
        if need not in NEEDS:
            raise ValueError(f"{need}: no such need, see tests/support/needs.py")
        for key, value in NEEDS[need][0].items():
            if settings.setdefault(key, value) != value:
                raise ValueError(f"{settings[key]} and {value}: no kernel offers both at once")
    return settings
