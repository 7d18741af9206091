#!/bin/bash
# A security module is loaded for the keys that it owns, but not where the host cannot do what they say.
# also: nothing
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC has no modules to load"
[ ! -e /sys/module/apparmor/parameters/enabled ] || skip "the kernel has AppArmor"

plan() { "$KEELSON_BUILD/bin/keelson" start -P "$lxcpath" -n "$1" --plan; }
container unconfined "lxc.apparmor.profile = unconfined" "lxc.apparmor.allow_incomplete = 1" "lxc.net.0.type = empty"
plan unconfined | grep -q "storage dir" || fail "the plan is not that of the container: $(plan unconfined)"
plan unconfined | grep "lsm apparmor" && fail "AppArmor is loaded for a host without it"
check "it did not start" k start -n unconfined

container filtered "lxc.seccomp.profile = $lxcpath/filtered/policy" "lxc.net.0.type = empty"
printf '2\ndenylist\nkexec_load errno 1\n' >"$lxcpath/filtered/policy"
plan filtered | grep -q "lsm seccomp" || fail "seccomp is not loaded for its key"
