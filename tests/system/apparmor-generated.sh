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

# With nesting a whole proc is there for the kernel's sake, and nobody may read in it.
twin nest own "lxc.net.0.type = empty" "lxc.apparmor.profile = generated" "lxc.apparmor.allow_nesting = 1" "lxc.mount.auto = proc sys" \
  "lxc.mount.entry = tmpfs tmp tmpfs defaults"
check "it did not start with nesting" k start -n nest
for place in proc sys; do
  grep -q " /dev/.lxc/$place " "/proc/$(k info -n nest -pH)/mountinfo" || fail "/dev/.lxc/$place is not mounted"
done
k attach -n nest -- /bin/cat /dev/.lxc/proc/version 2>/dev/null && fail "/dev/.lxc/proc can be read"
check "with nesting it cannot mount a proc" k attach -n nest -- /bin/sh -c 'mkdir /run/p && mount -t proc proc /run/p && cat /run/p/version'
exit 0
