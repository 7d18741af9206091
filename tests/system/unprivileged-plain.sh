#!/bin/bash
# An ordinary user's container: without a cgroup of the user's own, and in one that root delegated by hand.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
user=kltuser uid=48213 first=700000
name=$klt-u

as_user() { # with nothing of root's environment
  setpriv --reuid $uid --regid $uid --clear-groups --inh-caps=-all env -i HOME="$work/home" USER=$user PATH="$PATH" \
    KEELSON_BUILD="${KEELSON_BUILD:-}" KEELSON_AS="${KEELSON_AS:-}" KEELSON_TEST_WORK="$work" KEELSON_TEST_OWN_HOST=1 \
    KEELSON_TEST_ROOT=$$ ${ASAN_OPTIONS+ASAN_OPTIONS="$ASAN_OPTIONS" UBSAN_OPTIONS="$UBSAN_OPTIONS"} "$@"
}
uk() { local verb=$1; shift; as_user "$(program "$verb")" -P "$work/home/lxc" "$@"; }

# Terminals belong to the group tty, as on any Debian.
mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts /dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx || fail "no private /dev/pts"

# The user exists in this mount namespace only.
command -v newuidmap >/dev/null || skip "newuidmap is not installed"
cp /etc/passwd /etc/group "$work"
echo "$user:x:$uid:$uid::$work/home:/bin/sh" >>"$work/passwd"
echo "$user:x:$uid:" >>"$work/group"
echo "$user:$first:65536" | tee "$work/subuid" >"$work/subgid"
for file in passwd group subuid subgid; do mount --bind "$work/$file" /etc/$file || fail "no private /etc/$file"; done
mkdir -p "$work/home" && chown $uid:$uid "$work/home"
as_user test -x "$(command -v "$(program start)")" || skip "an ordinary user cannot reach $(program start)"
cat >"$work/default.conf" <<C
lxc.net.0.type = empty
lxc.idmap = u 0 $first 65536
lxc.idmap = g 0 $first 65536
lxc.apparmor.profile = unconfined
C
chmod 755 "$work"

copies() { # HOW: a copy and a snapshot, made and started by the user; the clone hook is root of the container
  local kind copy=$name-copy
  echo "lxc.hook.clone = /bin/sh -c 'id -u >\$LXC_ROOTFS_MOUNT/root/hook' x" >>"$work/home/lxc/$name/config"
  for kind in "" -s; do
    uk copy -n "$name" -N "$copy" $kind >"$work/out" 2>&1 || fail "$1: copy $kind: $(cat "$work/out")"
    uk start -n "$copy" >"$work/out" 2>&1 || fail "$1: the copy $kind does not start: $(cat "$work/out")"
    [ "$(uk attach -n "$copy" -- cat /root/file /root/hook)" = "kept
0" ] || fail "$1: the copy $kind lacks a file: $(uk attach -n "$copy" -- ls -lan /root)"
    uk stop -k -n "$copy" >"$work/out" 2>&1 || fail "$1: stop of the copy: $(cat "$work/out")"
    uk destroy -n "$copy" >"$work/out" 2>&1 || fail "$1: destroy of the copy $kind: $(cat "$work/out")"
    [ ! -e "$work/home/lxc/$copy" ] || fail "$1: destroy left $work/home/lxc/$copy"
    [ ! -e "$work/home/lxc/$name/lxc_snapshots" ] || fail "$1: lxc_snapshots is left"
  done
}

life() { # HOW
  uk create -n "$name" -t busybox -f "$work/default.conf" >"$work/out" 2>&1 || fail "$1: create: $(cat "$work/out")"
  [ "$(stat -c %u "$work/home/lxc/$name/rootfs/bin/busybox")" = $first ] || fail "$1: the files are not the container's root's"
  uk start -n "$name" >"$work/out" 2>&1 || fail "$1: start: $(cat "$work/out")"
  local pid; pid=$(uk info -n "$name" -p -H)
  [ "$(stat -c %u "/proc/$pid")" = $first ] || fail "$1: init is uid $(stat -c %u "/proc/$pid") outside"
  [ "$(uk attach -n "$name" -- id -u)" = 0 ] || fail "$1: attach is not root inside"
  uk attach -n "$name" -- sh -c ': >/file && echo kept >/root/file' || fail "$1: its root cannot write in its rootfs"
  uk attach -n "$name" -- sh -c 'exit 7'; [ $? = 7 ] || fail "$1: attach lost the exit code"
  uk ls -f | grep -Eq "^$name +RUNNING .*true *$" || fail "$1: ls -f: $(uk ls -f)"
  [ -z "${in_cgroup:-}" ] || grep -q "$klt" "/proc/$pid/cgroup" || fail "$1: it is not in the delegated cgroup: $(cat "/proc/$pid/cgroup")"
  uk stop -k -n "$name" >"$work/out" 2>&1 || fail "$1: stop: $(cat "$work/out")"
  [ "${KEELSON_AS:-}" = lxc ] || copies "$1"
  uk destroy -n "$name" >"$work/out" 2>&1 || fail "$1: destroy: $(cat "$work/out")"
  [ ! -e "$work/home/lxc/$name" ] || fail "$1: destroy left $work/home/lxc/$name"
}

if [ "${KEELSON_AS:-}" != lxc ]; then # LXC needs a cgroup
  remember_host
  life "without a cgroup"
  host_is_as_it_was "without a cgroup"
fi

# A cgroup in each hierarchy, with the user's own process in it.
own=()
for hierarchy in $(awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts); do
  [ -e "$hierarchy/cgroup.procs" ] && mkdir "$hierarchy/$klt-own" 2>/dev/null || continue
  own+=("$hierarchy/$klt-own")
  for file in cpuset.mems cpuset.cpus; do
    [ ! -e "$hierarchy/tasks" ] || [ ! -e "$hierarchy/$file" ] || cat "$hierarchy/$file" >"$hierarchy/$klt-own/$file"
  done
  [ ! -e "$hierarchy/$klt-own/cgroup.clone_children" ] || echo 1 >"$hierarchy/$klt-own/cgroup.clone_children"
  chown -R $uid:$uid "$hierarchy/$klt-own"
done
leave() {
  local cgroup
  for cgroup in "${own[@]}"; do
    echo $$ >"$(dirname "$cgroup")/cgroup.procs"
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
  done
}
at_end leave
[ ${#own[@]} -gt 0 ] || skip "no cgroup can be made here"
remember_host
for cgroup in "${own[@]}"; do echo $$ >"$cgroup/cgroup.procs" || fail "cannot enter $cgroup"; done
in_cgroup=1 life "in a delegated cgroup"
for cgroup in "${own[@]}"; do echo $$ >"$(dirname "$cgroup")/cgroup.procs"; done
host_is_as_it_was "in a delegated cgroup"

[ "${KEELSON_AS:-}" != lxc ] || exit 0
# What goes wrong for users, and the hint for it
wrong() { # WHAT HINT COMMAND...: it fails with this hint, and the host is as it was
  local what=$1 hint=$2; shift 2
  "$@" >"$work/raw" 2>&1 && fail "$what: no error"
  tr -s '\n ' ' ' <"$work/raw" >"$work/out" # long lines are folded
  grep -Eq -e "hint:? .*($hint)" "$work/out" || fail "$what: no hint that matches '$hint': $(cat "$work/out")"
  host_is_as_it_was "$what"
}
sed -i 's/ 700000 / 900000 /' "$work/default.conf"
wrong "ids outside of the user's ranges" '/etc/sub[ug]id' uk create -n "$name" -t busybox -f "$work/default.conf"
[ ! -e "$work/home/lxc/$name" ] || fail "ids outside of the user's ranges: create left $work/home/lxc/$name"
sed -i 's/ 900000 / 700000 /' "$work/default.conf"
uk create -n "$name" -t busybox -f "$work/default.conf" >"$work/out" 2>&1 || fail "create: $(cat "$work/out")"
config=$work/home/lxc/$name/config
wrong "a missing newuidmap" uidmap as_user env PATH="$work/empty" "$(program start)" -P "$work/home/lxc" -n "$name"
sed -i 's/ 700000 / 900000 /' "$config"
wrong "ids outside of the user's ranges at start" '/etc/sub[ug]id' uk start -n "$name"
sed -i 's/ 900000 / 700000 /' "$config"

# a rootfs that one of the two cannot enter
rootfs=$work/home/lxc/$name/rootfs
mkdir "$work/closed" && mv "$rootfs" "$work/closed/rootfs" && chmod 700 "$work/closed"
sed -i "s|^lxc.rootfs.path = .*|lxc.rootfs.path = dir:$work/closed/rootfs|" "$config"
wrong "a directory that the user cannot enter" "uid $uid cannot enter $work/closed .*chmod o[+]x $work/closed" uk start -n "$name"
chown $uid "$work/closed" # and not the container's root, which needs no way to its rootfs
uk start -n "$name" >"$work/out" 2>&1 || fail "below a directory of the user's alone it does not start: $(cat "$work/out")"
uk stop -k -n "$name" >"$work/out" 2>&1 || fail "stop: $(cat "$work/out")"
chown $uid "$work/closed/rootfs" && chmod 700 "$work/closed/rootfs"
wrong "a rootfs that the container's root cannot enter" "uid $first.* cannot enter $work/closed/rootfs .*chmod g[+]x $work/closed/rootfs" uk start -n "$name"
chmod g+x "$work/closed/rootfs"
uk start -n "$name" >"$work/out" 2>&1 || fail "it does not start once the hint was followed: $(cat "$work/out")"
uk stop -k -n "$name" >"$work/out" 2>&1 || fail "stop: $(cat "$work/out")"
