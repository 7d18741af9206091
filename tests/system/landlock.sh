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

# what it may write it cannot make a way to write more at its next start
mkdir -p "$lxcpath/granted/rootfs/home/dl"
twin linked granted "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw" "keelson.lsm.landlock.ro = /bin" \
  "keelson.lsm.landlock.ro = /usr" "keelson.lsm.landlock.ro = /etc" "keelson.lsm.landlock.ro = /sbin" \
  "keelson.lsm.landlock.rw = /dev" "keelson.lsm.landlock.rw = /home" "keelson.lsm.landlock.data = /home/dl"
check "it did not start with links that it may only read" k start -n linked
check "it could not put a link" k attach -n linked -- /bin/sh -c 'rmdir /home/dl && ln -s /etc /home/dl'
check "it did not stop" k stop -k -n linked
said=$("$KEELSON_BUILD/bin/keelson" start -P "$lxcpath" linked 2>&1) && fail "it started with a link of its own in the way of a grant"
[[ $said == *"link"*"/home/dl"*"name the place"* ]] || fail "the link is not named: $said"
exit 0
