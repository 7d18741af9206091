#!/bin/bash
# A Debian container boots systemd to the end on cgroup2, and shuts down when it is asked to.
# needs: cgroup2-only debian
# timeout: 120
. "$(dirname "$0")/../support/system.sh"

mkdir -p "$work"/{upper,work} "$lxcpath/debian/rootfs"
mount -t overlay -o "lowerdir=$KEELSON_VM_DEBIAN,upperdir=$work/upper,workdir=$work/work" "$klt" \
  "$lxcpath/debian/rootfs" || fail "no overlay for the container's root"
at_end umount "$lxcpath/debian/rootfs"
cat >"$lxcpath/debian/config" <<C
lxc.include = /usr/share/lxc/config/common.conf
lxc.rootfs.path = dir:$lxcpath/debian/rootfs
lxc.uts.name = debian
lxc.net.0.type = empty
lxc.apparmor.profile = unconfined
C

state() { k attach -n debian -- /bin/systemctl is-system-running 2>/dev/null; }
up() { case $(state) in running | degraded) ;; *) false ;; esac; }

check "the container did not start" k start -n debian
wait_for 200 up || fail "systemd did not come up: $(state)"
failed=$(k attach -n debian -- /bin/systemctl --failed --no-legend --plain)
[ "$(state)" = running ] || fail "systemd is $(state): $failed"
[ "$(k attach -n debian -- /bin/stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || fail "inside, /sys/fs/cgroup is not cgroup2"
k attach -n debian -- /bin/systemctl show -p ControlGroup --value systemd-journald.service |
  grep -q systemd-journald || fail "systemd made no cgroup for its journal"

check "the container did not shut down" k stop -n debian -t 100
[ "$(k info -n debian -s -H)" = STOPPED ] || fail "the container is not stopped"
