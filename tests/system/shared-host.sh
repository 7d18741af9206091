#!/bin/bash
# On a host whose mounts are shared, as systemd makes them: what is mounted in a container stays there, and what the host has
# mounted stays on the host.
# timeout: 60
. "$(dirname "$0")/../support/system.sh"
if [ -z "${KEELSON_TEST_SHARED:-}" ]; then
  rm -rf "$work"
  # private first: where they are shared already, those here would go on being the machine's
  KEELSON_TEST_SHARED=1 exec unshare -m --propagation private sh -c 'mount --make-rshared / && exec /bin/bash "$0"' "$0"
fi
name=$klt-shared
ids=("lxc.idmap = u 0 100000 65536" "lxc.idmap = g 0 100000 65536")
[ "${KEELSON_AS:-}" != lxc ] || ids=() # LXC's own asks for them in /etc/subuid

mounts() { awk -v work="$work" 'index($5, work) {print $5, $4}' /proc/self/mountinfo | sort; }
unchanged() { mounts >"$work/after"; cmp -s "$work/before" "$work/after"; }
is_as_it_was() { unchanged || fail "$1: the host's mounts differ: $(diff "$work/before" "$work/after")"; }
# the host's own, below the rootfs and below what is given to the container
container "$name"
rootfs=$lxcpath/$name/rootfs
mkdir "$work/given" "$work/given/x" "$rootfs/srv" "$rootfs/mnt"
chmod 755 "$lxcpath" "$lxcpath/$name"
for of_host in "$rootfs/proc" "$work/given/x"; do
  mount -t tmpfs klt-host "$of_host" || skip "needs mounts"
done
end_mounts() { mounts | awk '{print $1}' | tac | xargs -r -n 1 umount -q -l; } # with what a failure leaves
at_end end_mounts
mounts >"$work/before"

lives() { # WHAT LINE...
  local what=$1; shift
  twin "$name" "$name" "lxc.net.0.type = empty" "lxc.mount.auto = proc sys" "lxc.mount.entry = $work/given srv none rbind,create=dir" "$@"
  if ! k start -n "$name" >"$work/out" 2>&1; then
    ! grep -q 'give the mount an id map' "$work/out" || return # tmpfs cannot before Linux 6.3
    fail "$what: it does not start: $(cat "$work/out")"
  fi
  is_as_it_was "$what: running"
  k attach -n "$name" -- sh -c 'mount -t tmpfs evil /mnt && mount -t tmpfs evil /srv/x' || fail "$what: its root cannot mount"
  is_as_it_was "$what: with mounts inside"
  mkdir "$work/given/late" && mount -t tmpfs klt-late "$work/given/late" || fail "the host cannot mount"
  k attach -n "$name" -- grep -q ' /srv/late ' /proc/mounts || fail "$what: a mount of the host's does not come inside, as with LXC"
  umount "$work/given/late" && rmdir "$work/given/late"
  k stop -k -n "$name" || fail "$what: stop"
  is_as_it_was "$what: stopped"
}
lives "root"
if [ "${KEELSON_AS:-}" != lxc ]; then
  chown -R --from=0:0 100000:100000 "$rootfs" 2>/dev/null
  lives "an id map" "${ids[@]}"
  twin "$name" "$name" # again without what the line before has
  lives "a mount with an id map" "${ids[@]}" "lxc.mount.entry = $work/given opt none rbind,idmap=container,create=dir"
  lives "a rootfs that is shared" "lxc.rootfs.options = rshared"
fi
umount "$rootfs/proc"

# the host's /dev, given to a container as its own: nothing in it is replaced (LXC removes its ptmx)
if [ "${KEELSON_AS:-}" != lxc ]; then
  mkdir "$work/dev" && mount -t tmpfs klt-dev "$work/dev" && mkdir "$work/dev/pts" "$work/dev/shm" || fail "no /dev can be made"
  mount -t devpts -o newinstance,ptmxmode=666 klt-pts "$work/dev/pts" || fail "no devpts"
  for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 ptmx:5:2 console:5:1; do
    IFS=: read -r of_host major minor <<<"$node"
    mknod -m 666 "$work/dev/$of_host" c "$major" "$minor" || fail "no device can be made"
  done
  mount --rbind "$work/dev" /dev || fail "no /dev to give away"
  at_end umount -l /dev "$work/dev"
  devices() { stat -c '%A %n %t:%T' /dev/*; }
  devices >"$work/dev.before"
  twin "$name" "$name" "lxc.net.0.type = empty" "lxc.mount.entry = /dev dev none rbind"
  k start -n "$name" >"$work/out" 2>&1 || fail "with the host's /dev: it does not start: $(cat "$work/out")"
  k stop -k -n "$name"
  devices >"$work/dev.after"
  cmp -s "$work/dev.before" "$work/dev.after" || fail "the host's /dev changed: $(diff "$work/dev.before" "$work/dev.after")"
fi
k destroy -n "$name" >"$work/out" 2>&1 || fail "destroy: $(cat "$work/out")"
