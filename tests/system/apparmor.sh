#!/bin/bash
# A container is confined by the profile that its configuration names, and so is what attaches to it.
# needs: apparmor
. "$(dirname "$0")/../support/system.sh"
profile=lxc-keelson-test

if ! grep -q "^$profile " /sys/kernel/security/apparmor/profiles; then # a guest has loaded it
  apparmor_parser -K -r "$support/../vm/profiles/$profile" || fail "the profile $profile could not be loaded"
  at_end apparmor_parser -R "$support/../vm/profiles/$profile"
fi

# h is help: the key does nothing but print
press() { k attach -n "$1" -- /bin/sh -c 'echo h >/proc/sysrq-trigger' 2>&1; }

container confined "lxc.apparmor.profile = $profile" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw"
check "the confined container did not start" k start -n confined
label=$(k attach -n confined -- /bin/cat /proc/1/attr/current)
[ "$label" = "$profile (enforce)" ] || fail "init has the label '$label'"
label=$(k attach -n confined -- /bin/cat /proc/self/attr/current)
[ "$label" = "$profile (enforce)" ] || fail "an attached process has the label '$label'"
said=$(press confined) && fail "the profile did not deny /proc/sysrq-trigger"
[[ $said == *"ermission denied"* ]] || fail "denied with other words: $said"

# also where the list of modules names others only: the profile asks for the module
if [ "${KEELSON_AS:-}" != lxc ]; then
  twin named confined "lxc.apparmor.profile = $profile" "keelson.lsm = seccomp" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw"
  check "the container with a list of modules did not start" k start -n named
  label=$(k attach -n named -- /bin/cat /proc/1/attr/current)
  [ "$label" = "$profile (enforce)" ] || fail "with keelson.lsm = seccomp init has the label '$label'"
fi

# the same, unconfined, is allowed: the denial above was the profile's
container free "lxc.apparmor.profile = unconfined" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw"
check "the unconfined container did not start" k start -n free
label=$(k attach -n free -- /bin/cat /proc/1/attr/current)
[ "$label" = unconfined ] || fail "the unconfined init has the label '$label'"
check "an unconfined container could not write /proc/sysrq-trigger" press free

container missing "lxc.apparmor.profile = $klt-no-such-profile" "lxc.net.0.type = empty"
k start -n missing 2>/dev/null && fail "a container started with a profile that is not loaded"
exit 0
