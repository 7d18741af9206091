#!/bin/bash
# A copy of a container: its files, its configuration, the clone hook, and nothing left of one that fails; beside LXC's own.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
old=$klt-old
new=$klt-new

expect() { # CODE COMMAND...
  local wanted=$1 code; shift
  "$@" >"$work/out" 2>&1; code=$?
  [ "$code" = "$wanted" ] || fail "$* exited with $code, not $wanted: $(cat "$work/out")"
}
line() { grep -qxF "$2" "$lxcpath/$1/config" || fail "$1: no line '$2' in $(cat "$lxcpath/$1/config")"; }

cat >"$work/hook" <<H
#!/bin/sh
{
  printf 'hook'; printf ' [%s]' "\$@"; echo
  env | grep -E '^LXC_(NAME|SRC_NAME|CONFIG_FILE|ROOTFS_PATH)=' | sort
  [ "\$(readlink /proc/self/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ] && echo mnt=host || echo mnt=own
  [ -x "\$LXC_ROOTFS_MOUNT/bin/busybox" ] && echo tree=mounted || echo tree=no
  echo "hostname \$(cat "\$LXC_ROOTFS_MOUNT/etc/hostname")"
} >>"$work/hook.log"
: >"\$LXC_ROOTFS_MOUNT/hooked"
H
chmod 755 "$work/hook"

original() { # NAME [LINE]...
  local name=$1; shift
  container "$name" "# a comment" "" "lxc.net.0.type = empty" "lxc.net.0.hwaddr = 00:16:3e:11:22:33" \
    "lxc.hook.clone = $work/hook a 'b c'" "lxc.hook.clone = $lxcpath/$name/own" "lxc.mount.fstab = $lxcpath/$name/fstab" \
    "lxc.mount.entry = /x y overlay lowerdir=/x,upperdir=$lxcpath/$name/up,workdir=$lxcpath/$name/work,optional 0 0" \
    "lxc.mount.entry = $lxcpath/$name/sub y none bind,optional 0 0" "lxc.environment = \"A=B\"" "$@"
  printf '#!/bin/sh\nexit 0\n' >"$lxcpath/$name/own"
  chmod 755 "$lxcpath/$name/own"
  : >"$lxcpath/$name/fstab"
  printf '%s\n' "$name" >"$lxcpath/$name/rootfs/etc/hostname"
}
files() { # NAME: names, types, modes and links below its directory
  (cd "$lxcpath/$1" && find . -path ./rootfs/bin -prune -o ! -path './overlay/work/*' -printf '%p %y %m %n %l\n' | sort)
}
tree() { # its rootfs in full
  (cd "$lxcpath/$1/rootfs" && find . ! -name hooked ! -path ./etc/hostname -printf '%p %y %m %U:%G %n %s %T@ %l\n' | grep -v '^\. ' |
    grep -v '^\./etc ' | sort)
}
normal() { sed -E "s/$2/NAME/g; s/(hwaddr = 00:16:3e:)[0-9a-f:]{8}/\1FRESH/" "$1"; }

# LXC calls rsync for a full copy: cp stands in for it where it is not installed.
if command -v lxc-copy >/dev/null && ! command -v rsync >/dev/null; then
  mkdir "$work/bin"
  printf '%s\n' '#!/bin/bash' 'exec cp -a "${@:$#-1:1}." "${@:$#}"' >"$work/bin/rsync"
  chmod 755 "$work/bin/rsync"
  PATH=$work/bin:$PATH
fi
at_end rm -rf "/run/lxc/lock$work" # of its own

remember_host
original "$old"

# a full copy
expect 0 k copy -n "$old" -N "$new" -- w1 'w 2'
# LXC 5 says so of ephemeral copies alone.
[ "${KEELSON_AS:-}" = lxc ] || [ "$(cat "$work/out")" = "Created $new as clone of $old" ] || fail "copy says: $(cat "$work/out")"
diff <(tree "$old") <(tree "$new") || fail "the trees differ"
[ "$(cat "$lxcpath/$new/rootfs/etc/hostname")" = "$new" ] || fail "/etc/hostname is $(cat "$lxcpath/$new/rootfs/etc/hostname")"
line "$new" "# a comment"
line "$new" "lxc.hook.clone = $lxcpath/$new/own"
line "$new" "lxc.mount.fstab = $lxcpath/$new/fstab"
line "$new" "lxc.mount.entry = /x y overlay lowerdir=/x,upperdir=$lxcpath/$new/up,workdir=$lxcpath/$new/work,optional 0 0"
line "$new" "lxc.mount.entry = $lxcpath/$old/sub y none bind,optional 0 0"
line "$new" 'lxc.environment = "A=B"'
[ "$(tail -n 3 "$lxcpath/$new/config")" = "lxc.rootfs.path = dir:$lxcpath/$new/rootfs
lxc.uts.name = $new
lxc.mount.fstab = $lxcpath/$new/fstab" ] || fail "the end of the configuration is $(tail -n 3 "$lxcpath/$new/config")"
grep -q '^$' "$lxcpath/$new/config" && fail "empty lines are still there"
grep -q 'hwaddr = 00:16:3e:11:22:33' "$lxcpath/$new/config" && fail "the hardware address is the original's"
[ -e "$lxcpath/$new/rootfs/hooked" ] || fail "the hook did not see the copy's tree"
cat >"$work/wanted" <<W
hook [a] [b c] [$new] [lxc] [clone] [w1] [w] [2]
LXC_CONFIG_FILE=$lxcpath/$new/config
LXC_NAME=$new
LXC_ROOTFS_PATH=dir:$lxcpath/$new/rootfs
LXC_SRC_NAME=$old
mnt=own
tree=mounted
hostname $old
W
diff "$work/wanted" "$work/hook.log" || fail "the hook saw something else (< wanted)"
[ ! -e "$lxcpath/$new/partial" ] || fail "the copy is marked as partial"
bare() { sed -i '/^lxc.mount.entry/d; /hwaddr/d' "$lxcpath/$1/config"; } # there is nothing behind these lines
bare "$new"
expect 0 k start -n "$new"
[ "$(k attach -n "$new" -- hostname)" = "$new" ] || fail "the copy's host name is $(k attach -n "$new" -- hostname)"

# what runs is not copied unless it is asked for; what is there is not overwritten
expect 1 k copy -n "$new" -N "$klt-other"
expect 0 k copy -n "$new" -N "$klt-other" -a
expect 0 k stop -k -n "$new"
expect 1 k copy -n "$old" -N "$new"
expect 1 k copy -n "$klt-none" -N "$klt-other2"
expect 1 k copy -n "$old"
expect 0 k destroy -n "$klt-other"

# kept names, another directory
mkdir "$work/lxc2"
expect 0 k copy -n "$old" -N "$new" -p "$work/lxc2" -K -M
grep -qx 'lxc.net.0.hwaddr = 00:16:3e:11:22:33' "$work/lxc2/$new/config" || fail "-M: $(cat "$work/lxc2/$new/config")"
grep -qx "lxc.uts.name = $old" "$work/lxc2/$new/config" || fail "-K: $(cat "$work/lxc2/$new/config")"
[ "$(cat "$work/lxc2/$new/rootfs/etc/hostname")" = "$old" ] || fail "-K changed /etc/hostname"
expect 0 "$(program destroy)" -P "$work/lxc2" -n "$new"

# a hook that fails takes the copy back
echo 'lxc.hook.clone = /bin/false' >>"$lxcpath/$old/config"
for kind in "" -s; do
  expect 1 k copy -n "$old" -N "$klt-fails" $kind
  [ ! -e "$lxcpath/$klt-fails" ] || fail "a copy that failed left $(find "$lxcpath/$klt-fails")"
  [ ! -e "$lxcpath/$old/lxc_snapshots" ] || fail "a snapshot that failed is still in lxc_snapshots"
done
sed -i '/\/bin\/false/d' "$lxcpath/$old/config"

if [ "${KEELSON_AS:-}" != lxc ]; then
  # what is not there yet is refused by its name
  for option in -R -e -t -D "-m bind=/tmp"; do
    expect 1 k copy -n "$old" -N "$klt-fails" $option
    grep -q 'not supported yet' "$work/out" || fail "$option is refused without a word: $(cat "$work/out")"
    [ ! -e "$lxcpath/$klt-fails" ] || fail "$option made a container"
  done
fi

# a copy whose process dies is taken back by the next command
if [ "${KEELSON_AS:-}" != lxc ]; then
  echo "lxc.hook.clone = /bin/sh -c 'echo \$\$ >$work/hook.pid; exec sleep 60' x" >>"$lxcpath/$old/config"
  k copy -n "$old" -N "$klt-dies" -s >/dev/null 2>&1 &
  copying=$!
  wait_for 10 test -s "$work/hook.pid" || fail "the hook did not begin"
  expect 1 k start -n "$klt-dies"
  grep -q 'being created' "$work/out" || fail "start of what is being copied says: $(cat "$work/out")"
  kill -KILL $copying "$(cat "$work/hook.pid")"
  recovered() { k info -n "$klt-dies" >/dev/null 2>&1; [ ! -e "$lxcpath/$klt-dies" ]; }
  wait_for 10 recovered || fail "left of a copy that died: $(find "$lxcpath/$klt-dies")"
  [ ! -e "$lxcpath/$old/lxc_snapshots" ] || fail "a copy that died is still in lxc_snapshots"
  sed -i '/hook.pid/d' "$lxcpath/$old/config"
fi

# a snapshot, and one of that; the original cannot go before them
k destroy -n "$new"
for name in "$klt-s1" "$klt-s2"; do
  : >"$work/hook.log"
  expect 0 k copy -n "$old" -N "$name" -s
  line "$name" "lxc.rootfs.path = overlay:$lxcpath/$old/rootfs:$lxcpath/$name/overlay/delta"
  grep -qx tree=mounted "$work/hook.log" || fail "the hook did not see the snapshot's tree: $(cat "$work/hook.log")"
  [ -e "$lxcpath/$name/overlay/delta/hooked" ] || fail "the hook did not write to the snapshot: $(files "$name")"
  [ ! -e "$lxcpath/$old/rootfs/hooked" ] || fail "the hook wrote to the original"
  [ "$(cat "$lxcpath/$name/lxc_rdepends")" = "$lxcpath
$old" ] || fail "lxc_rdepends is $(cat "$lxcpath/$name/lxc_rdepends")"
done
[ "$(cat "$lxcpath/$old/lxc_snapshots")" = "$lxcpath
$klt-s1
$lxcpath
$klt-s2" ] || fail "lxc_snapshots is $(cat "$lxcpath/$old/lxc_snapshots")"
bare "$klt-s1"
expect 0 k start -n "$klt-s1"
[ "$(k attach -n "$klt-s1" -- cat /etc/hostname)" = "$klt-s1" ] || fail "the snapshot's /etc/hostname"
expect 0 k stop -k -n "$klt-s1"
expect 1 k destroy -n "$old"
expect 0 k destroy -n "$klt-s1"
[ "$(cat "$lxcpath/$old/lxc_snapshots")" = "$lxcpath
$klt-s2" ] || fail "lxc_snapshots after a destroy is $(cat "$lxcpath/$old/lxc_snapshots")"
if [ "${KEELSON_AS:-}" != lxc ]; then
  # the layers below are the original's: so it is the original that the snapshot of a snapshot needs
  expect 0 k copy -n "$klt-s2" -N "$klt-s3" -s
  expect 0 k destroy -n "$klt-s2"
  expect 1 k destroy -n "$old"
  # a full copy needs nobody
  expect 0 k copy -n "$klt-s3" -N "$klt-full" -B dir
  line "$klt-full" "lxc.rootfs.path = dir:$lxcpath/$klt-full/rootfs"
  [ -x "$lxcpath/$klt-full/rootfs/bin/busybox" ] && [ ! -e "$lxcpath/$klt-full/lxc_rdepends" ] || fail "the full copy of a snapshot"
  expect 0 k destroy -n "$klt-s3"
  expect 0 k destroy -n "$klt-full"
else
  expect 0 k destroy -n "$klt-s2"
fi
[ ! -e "$lxcpath/$old/lxc_snapshots" ] || fail "an empty lxc_snapshots is left"
[ -x "$lxcpath/$old/rootfs/bin/busybox" ] || fail "the original lost its files to the snapshots' end"
host_is_as_it_was "after the copies"

[ "${KEELSON_AS:-}" != lxc ] && command -v lxc-copy >/dev/null || exit 0
# Side by side with LXC.
for kind in "" -s; do
  : >"$work/hook.log"
  k copy -n "$old" -N "$klt-ours" $kind -- word >/dev/null || fail "copy $kind"
  mv "$work/hook.log" "$work/hook.ours"
  lxc-copy -P "$lxcpath" -n "$old" -N "$klt-lxcs" $kind -- word >/dev/null || fail "LXC's copy $kind"
  mv "$work/hook.log" "$work/hook.lxcs"
  for which in ours lxcs; do
    name=$klt-$which
    cp "$lxcpath/$name/config" "$work/config.$which"
    files "$name" >"$work/files.$which"
    for what in hook config files; do normal "$work/$what.$which" "$name" >"$work/$what.$which.normal"; done
  done
  for what in hook config files; do
    diff -U3 "$work/$what.lxcs.normal" "$work/$what.ours.normal" || fail "copy $kind: $what differ (< LXC, > ours)"
  done
  # each destroys what the other made
  KEELSON_AS=lxc k destroy -n "$klt-ours" >/dev/null || fail "LXC does not destroy our copy"
  k destroy -n "$klt-lxcs" || fail "destroy of LXC's copy"
  [ ! -e "$lxcpath/$old/lxc_snapshots" ] || fail "copy $kind: lxc_snapshots still has $(cat "$lxcpath/$old/lxc_snapshots")"
done
rm -rf "/run/lxc/lock$work"
host_is_as_it_was "after the comparison"
