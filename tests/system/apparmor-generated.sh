#!/bin/bash
# A profile made for one container: loaded at its start, in effect for all that runs inside, gone with it.
# needs: apparmor
# timeout: 90
. "$(dirname "$0")/../support/system.sh"
command -v apparmor_parser >/dev/null || skip "apparmor_parser is not installed"
container own "lxc.net.0.type = empty" "lxc.apparmor.profile = generated" "lxc.apparmor.raw = deny /etc/passwd r," \
  "lxc.mount.auto = proc:rw sys:rw"
check "it did not start" k start -n own
# inside, the policy namespace shows its own part of the label alone
label=$(cat "/proc/$(k info -n own -pH)/attr/current")
[[ $label == "lxc-own_<$lxcpath>"* ]] || fail "init has the label '$label'"
k attach -n own -- /bin/cat /etc/passwd 2>/dev/null && fail "lxc.apparmor.raw has no effect"
check "it cannot read other files" k attach -n own -- /bin/cat /etc/inittab >/dev/null
k attach -n own -- /bin/sh -c 'echo h >/proc/sysrq-trigger' 2>/dev/null && fail "/proc/sysrq-trigger can be written"
check "it cannot mount a tmpfs" k attach -n own -- /bin/mount -t tmpfs none /tmp
check "it did not stop" k stop -k -n own
grep -F "lxc-own_<$lxcpath>" /sys/kernel/security/apparmor/profiles && fail "the profile stayed"
ls /sys/kernel/security/apparmor/policy/namespaces | grep -F "lxc-own_" && fail "the policy namespace stayed"
exit 0
