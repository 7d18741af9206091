#!/bin/bash
# The monitor of a running container is killed: the next command for the container, and `keelson recover`, take away all
# that it left, and the container starts again.
# own-host
# timeout: 200
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC leaves what its monitor had made"
keelson=$KEELSON_BUILD/bin/keelson
name=$klt-mk
ip link add name kltbr0 type bridge && ip link set kltbr0 up || fail "no bridge"

truncate -s 64M "$work/image" && mkfs.ext4 -q "$work/image" || skip "mkfs.ext4 is not installed"
mkdir "$work/mnt" && mount -o loop "$work/image" "$work/mnt" && busybox_root "$work/mnt" && umount "$work/mnt" || fail "no image"
no_loop() { ! losetup -n -O BACK-FILE | grep -qF "$work"; }
wait_for 5 no_loop || fail "the image is still in use"
make() { # ROOTFS-LINE
  rm -rf "${lxcpath:?}/$name"
  container "$name" "lxc.net.0.type = veth" "lxc.net.0.link = kltbr0" "lxc.net.0.flags = up" "lxc.net.0.veth.pair = kltv0" \
    "lxc.net.1.type = macvlan" "lxc.net.1.link = kltbr0" "lxc.tty.max = 2" "lxc.pty.max = 8" "lxc.mount.auto = proc sys"
  sed -i '/^lxc.rootfs.path/d' "$lxcpath/$name/config"
  echo "lxc.rootfs.path = $1" >>"$lxcpath/$name/config"
}
monitor_of() { # the parent of init
  local pid; pid=$(k info -n "$name" -p -H) && awk '/^PPid/{print $2}' "/proc/$pid/status"
}
kill_monitor() {
  local monitor init; monitor=$(monitor_of); init=$(k info -n "$name" -p -H)
  [ "${monitor:-0}" -gt 1 ] || fail "$1: no monitor"
  kill -KILL "$monitor"
  gone() { [ ! -e "/proc/$init" ] || grep -q '^State:.Z' "/proc/$init/status"; }
  wait_for 5 gone || fail "$1: init outlived its monitor"
}

for rootfs in "dir:$lxcpath/$name/rootfs" "loop:$work/image" "overlay:$lxcpath/$name/rootfs:$lxcpath/$name/delta"; do
  kind=${rootfs%%:*}
  make "$rootfs"
  remember_host
  for undo in info start recover stop destroy-check; do
    k start -n "$name" || fail "$kind, before $undo: it does not start"
    kill_monitor "$kind, before $undo"
    case $undo in
      info) [ "$(k info -n "$name" -s -H)" = STOPPED ] || fail "$kind: info says $(k info -n "$name" -s -H)" ;;
      start) k start -n "$name" || fail "$kind: it does not start again"; k stop -k -n "$name" ;;
      recover) "$keelson" recover >"$work/said" || fail "$kind: recover: $(cat "$work/said")"
        grep -q "$name" "$work/said" || fail "$kind: recover does not name it: $(cat "$work/said")"
        "$keelson" recover | grep -q "$name" && fail "$kind: recover found it twice" ;;
      stop) k stop -n "$name"; [ $? = 2 ] || fail "$kind: stop" ;;
      destroy-check) k ls -f >/dev/null; k wait -n "$name" -s STOPPED -t 5 || fail "$kind: wait"; k attach -n "$name" -- true 2>/dev/null && fail "$kind: attach" ;;
    esac
    host_is_as_it_was "$kind: the monitor killed, then $undo"
  done
done

# killed while init is frozen
make "dir:$lxcpath/$name/rootfs"
k start -n "$name" && k freeze -n "$name" || fail "no frozen container"
monitor=$(monitor_of)
kill -KILL "$monitor"
dead() { [ ! -e "/proc/$monitor" ]; }
wait_for 5 dead || fail "the monitor does not die"
"$keelson" recover -o "$work/log" -l WARN >/dev/null || fail "recover of a frozen container"
! grep . "$work/log" || fail "recover could not let go of what is frozen, and waits until the cgroup is removed"
host_is_as_it_was "the monitor of a frozen container killed"
