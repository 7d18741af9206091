#!/bin/bash
# A container with an id map that root starts: made by a template, shifted to its ids, confined to them.
# own-host
# timeout: 90
. "$(dirname "$0")/../support/system.sh"
name=$klt-un
inside() { k attach -n "$name" -- "$@"; }
cat >"$work/default.conf" <<C
lxc.net.0.type = empty
lxc.net.0.flags = up
lxc.idmap = u 0 300000 65536
lxc.idmap = g 0 300000 65536
C
if [ "${KEELSON_AS:-}" = lxc ]; then # LXC's helper asks even root for its ranges
  for kind in uid gid; do
    { cat /etc/sub$kind; echo root:300000:65536; } >"$work/sub$kind" && mount --bind "$work/sub$kind" /etc/sub$kind || fail "no ranges"
  done
fi
remember_host
k create -n "$name" -t busybox -f "$work/default.conf" >"$work/out" 2>&1 || fail "create: $(cat "$work/out")"
[ "$(stat -c %u:%g "$lxcpath/$name/rootfs/bin/busybox")" = 300000:300000 ] || fail "the files do not belong to the container's root"
[ "${KEELSON_AS:-}" = lxc ] || [ -u "$lxcpath/$name/rootfs/bin/busybox" ] || fail "shifting lost the set-uid bit"

# The container's root needs no way to its rootfs in Keelson: it comes as a mount.
[ "${KEELSON_AS:-}" = lxc ] || chmod 700 "$lxcpath"
k start -n "$name" 2>"$work/out" || fail "start: $(cat "$work/out")"
pid=$(k info -n "$name" -p -H)
[ "$(stat -c %u "/proc/$pid")" = 300000 ] || fail "init is uid $(stat -c %u "/proc/$pid") outside"
[ "$(inside id -u)" = 0 ] || fail "attach is uid $(inside id -u) inside"
[ "$(inside cat /proc/self/uid_map | tr -s ' ')" = " 0 300000 65536" ] || fail "the id map inside: $(inside cat /proc/self/uid_map)"
inside sh -c 'echo kept >/root/file' || fail "its root cannot write in its rootfs"
[ "$(stat -c %u "$lxcpath/$name/rootfs/root/file")" = 300000 ] || fail "a new file belongs to $(stat -c %u "$lxcpath/$name/rootfs/root/file")"
inside sh -c 'echo 1 >/proc/sys/kernel/sysrq' 2>/dev/null && fail "its root may write the host's /proc/sys"
inside sh -c 'cat /proc/kcore' >/dev/null 2>&1 && fail "its root may read /proc/kcore"
inside sh -c ': >/dev/null && head -c 1 /dev/zero >/dev/null && head -c 1 /dev/urandom >/dev/null' || fail "its devices do not work"
k ls -f | grep -Eq "^$name .* true *$" || fail "ls -f does not say that it is unprivileged: $(k ls -f)"
k freeze -n "$name" && k unfreeze -n "$name" || fail "freeze"
k stop -n "$name" -t 20 || fail "stop"
k destroy -n "$name" || fail "destroy"
[ ! -e "$lxcpath/$name" ] || fail "destroy left $lxcpath/$name"
host_is_as_it_was "after its life"
