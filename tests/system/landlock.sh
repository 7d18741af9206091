#!/bin/bash
# A container's processes reach what the configuration grants, and nothing else.
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC has no landlock"
container granted "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw" \
  "keelson.lsm.landlock.ro = /" "keelson.lsm.landlock.rw = /tmp" "keelson.lsm.landlock.rw = /dev"
if ! said=$(k start -n granted 2>&1); then
  [[ $said != *"has no landlock"* ]] || skip "the kernel has no landlock"
  fail "it did not start: $said"
fi
check "it cannot write where it may" k attach -n granted -- /bin/touch /tmp/made
k attach -n granted -- /bin/touch /root/made 2>/dev/null && fail "it can write where it may not"
check "it cannot read" k attach -n granted -- /bin/cat /etc/passwd >/dev/null
exit 0
