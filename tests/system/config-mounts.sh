#!/bin/bash
# lxc.rootfs.*, lxc.mount.* and lxc.autodev as they are in effect inside of running containers.
# own-host
# Where LXC 5 differs, Keelson does what the option says: nosuid, noexec and nosymfollow on a bind mount that is not ro as
# well, and move.
. "$(dirname "$0")/../support/system.sh"
lxc() { [ "${KEELSON_AS:-}" = lxc ]; }
if lxc; then # its helper asks even root for its ranges
  for kind in uid gid; do
    { cat /etc/sub$kind; echo root:300000:65536; } >"$work/sub$kind" && mount --bind "$work/sub$kind" /etc/sub$kind || fail "no ranges"
  done
fi

start() { # NAME; its mounts are in $mounts: PLACE OPTIONS ROOT PROPAGATION... - TYPE SOURCE SUPERBLOCK
  k start -n "$1" -l INFO -o "$work/$1.log" 2>"$work/err" || fail "$1 did not start: $(cat "$work/err" "$work/$1.log")"
  pid=$(k info -n "$1" -pH)
  mounts=$(awk '{$1 = $5; $2 = $6; $3 = $4; $4 = $5 = $6 = ""; print}' "/proc/$pid/mountinfo" | tr -s ' ')
  root=/proc/$pid/root
}
mounted() { # PLACE REGEX: the topmost mount there
  local line
  line=$(grep "^$1 " <<<"$mounts" | tail -1)
  [[ $line =~ ^$1\ $2 ]] || fail "$1 is '$line', not '$2'"
}
not_mounted() { ! grep -q "^$1 " <<<"$mounts" || fail "$1 is mounted: $(grep "^$1 " <<<"$mounts")"; }
refused() { # NAME WORDS LINE...
  local name=$1 words=$2; shift 2
  twin "$name" all "lxc.net.0.type = empty" "$@"
  k start -n "$name" 2>"$work/err" && fail "$name started with: $*"
  lxc || grep -q -- "$words" "$work/err" || fail "$name: '$words' is not said: $(cat "$work/err")"
}

# ---- entries and fstab
mkdir -p "$work/src/sub" "$work/peers/below"
echo text >"$work/src/file"
mount -t tmpfs klt "$work/peers" && mount --make-shared "$work/peers" && mkdir "$work/peers/below"
at_end umount -l "$work/peers"
printf '# a comment\n\n%s mnt/a\\040blank none bind,create=file 0 0\n  %s mnt/second auto rbind,ro,create=dir\n' "$work/src/file" "$work/src" >"$work/fstab"
s=$work/src
e="lxc.mount.entry ="
lines=("lxc.net.0.type = empty" "lxc.rootfs.mount = $work/place" "lxc.rootfs.options = nosuid,noatime" "lxc.mount.auto = proc:mixed sys:mixed"
  "lxc.mount.auto = shmounts:$work/peers:/mnt/tunnel" "lxc.mount.fstab = $work/fstab"
  "$e tmpfs mnt/t tmpfs nosuid,nodev,size=1m,mode=0700,create=dir 0 0" "$e tmpfs mnt/t/sub tmpfs ro,create=dir"
  "$e mnt/t mnt/with-sub none rbind,relative,create=dir" "$e mnt/t mnt/without none bind,relative,create=dir"
  "$e tmpfs mnt/times tmpfs strictatime,nodiratime,noexec,create=dir" "$e tmpfs mnt/words tmpfs defaults,sync,dirsync,lazytime,async,nomand,create=dir"
  "$e $s mnt/ro none bind,ro,nosuid,nodev,noexec,nodiratime,create=dir" "$e $s mnt/remount none bind,create=dir"
  "$e $s mnt/remount none bind,remount,ro" "$e $s mnt/some none bind,nosuid,noexec,create=dir" "$e $s/file mnt/file none bind,create=file"
  "$e $s/none mnt/none none bind,optional,create=dir" "$e $lxcpath/all/rootfs/bin mnt/absolute-source none bind,create=dir"
  "$e $s $lxcpath/all/rootfs/mnt/absolute none bind,create=dir" "$e $s /klt-outside none bind,create=dir"
  "$e $work/peers mnt/private none bind,private,create=dir" "$e $work/peers mnt/slave none rbind,rslave,create=dir"
  "$e $work/peers mnt/plain none bind,create=dir" "$e overlay mnt/over overlay lowerdir=$s,upperdir=$lxcpath/all/up,workdir=$lxcpath/all/work,create=dir")
lxc || lines+=("$e tmpfs mnt/before tmpfs create=dir" "$e mnt/before mnt/after none move,relative,create=dir" "$e $s mnt/nosym none bind,ro,nosymfollow,create=dir")
mkdir "$work/place"
container all "${lines[@]}"
start all
mounted / 'rw,nosuid,noatime '
mounted '/mnt/a\\040blank' 'rw,[^ ]* [^ ]*/src/file '
mounted /mnt/second 'ro,'
mounted /mnt/t 'rw,nosuid,nodev,relatime .* - tmpfs tmpfs rw,size=1024k,mode=700'
mounted /mnt/t/sub 'ro,relatime .* tmpfs ro'
mounted /mnt/with-sub/sub 'ro,'
not_mounted /mnt/without/sub
mounted /mnt/without 'rw,nosuid,nodev'
mounted /mnt/times 'rw,noexec,nodiratime '
mounted /mnt/words 'rw,relatime .* tmpfs rw(,inode64)?$'
mounted /mnt/ro 'ro,nosuid,nodev,noexec,(relatime,)?nodiratime'
mounted /mnt/remount 'ro,'
lxc || mounted /mnt/some 'rw,nosuid,noexec'
mounted /mnt/file 'rw,[^ ]* [^ ]*/src/file '
[ "$(cat "$root/mnt/file")" = text ] || fail "the file is not in /mnt/file"
not_mounted /mnt/none
[ -d "$root/mnt/none" ] || fail "an optional entry did not make its directory"
[ -x "$root/mnt/absolute-source/busybox" ] || fail "the absolute source is not there"
mounted /mnt/absolute 'rw,'
! grep -q klt-outside <<<"$mounts" || fail "a target outside of the root was mounted"
grep -q "klt-outside" "$work/all.log" || fail "nothing is said of the target outside of the root"
mounted /mnt/over 'rw,[^ ]* / .* overlay'
echo upper >"$root/mnt/over/file"
[ "$(cat "$lxcpath/all/up/file" "$s/file")" = $'upper\ntext' ] || fail "the overlay does not write to its upper directory"
if ! lxc; then
  mounted /mnt/after 'rw,.* tmpfs'
  not_mounted /mnt/before
  mounted /mnt/nosym '[^ ]*nosymfollow'
fi
# as the container sees it: /mnt/ro takes no writes, nor does /mnt/remount
k attach -n all -- /bin/touch /mnt/ro/new /mnt/remount/new 2>/dev/null && fail "a read-only bind mount takes writes"
check "/mnt/some takes no writes" k attach -n all -- /bin/touch /mnt/some/new
# propagation: what is mounted on the host afterwards
mounted /mnt/private '[^ ]* / shared:[0-9]+ - '
mounted /mnt/slave '[^ ]* / shared:[0-9]+ master:[0-9]+ - '
mounted /mnt/tunnel '[^ ]* / master:[0-9]+ - '
mount -t tmpfs klt "$work/peers/below"
mounts=$(awk '{print $5, $6}' "/proc/$pid/mountinfo")
for place in slave plain tunnel; do mounted /mnt/$place/below rw; done
not_mounted /mnt/private/below
umount "$work/peers/below"

# ---- lxc.mount.auto, lxc.autodev, an unset lxc.rootfs.mount
same="lxc.net.0.type = empty"
twin proc-rw all "$same" "lxc.mount.auto = proc:rw sys:rw" "lxc.autodev.tmpfs.size = 8192"
start proc-rw
mounted /proc 'rw,nosuid,nodev,noexec'
not_mounted /proc/sys
mounted /sys 'rw,relatime .* sysfs'
mounted /dev 'rw,relatime .* tmpfs none rw,size=8k,mode=755'
mounted /proc/sys/kernel/random/boot_id 'ro,nosuid,nodev,noexec'
[ "$(cat /proc/sys/kernel/random/boot_id)" != "$(k attach -n proc-rw -- cat /proc/sys/kernel/random/boot_id)" ] || fail "the boot id is the host's"
for node in full:1:7 null:1:3 random:1:8 tty:5:0 urandom:1:9 zero:1:5; do
  [ "$(stat -c %t:%T:%a "$root/dev/${node%%:*}")" = "${node#*:}:666" ] || fail "/dev/${node%%:*} is $(stat -c %t:%T:%a "$root/dev/${node%%:*}")"
done
for link in fd: stdin:/0 stdout:/1 stderr:/2; do
  [ "$(readlink "$root/dev/${link%:*}")" = "/proc/self/fd${link#*:}" ] || fail "/dev/${link%:*} leads to $(readlink "$root/dev/${link%:*}")"
done

start all
mounted /proc/sys 'ro,relatime'
mounted /proc/sys/net 'rw,nosuid,nodev,noexec'
mounted /sys 'ro,nosuid,nodev,noexec'
mounted /sys/devices/virtual/net 'rw,nosuid,nodev,noexec'
k attach -n all -- sh -c 'echo 1 >/proc/sysrq-trigger' 2>/dev/null && fail "proc:mixed leaves /proc/sysrq-trigger open"
check "/proc/sys/net cannot be written" k attach -n all -- sh -c 'cat /proc/sys/net/ipv4/ip_forward >/proc/sys/net/ipv4/ip_forward'

container closed "$same" "lxc.mount.auto = proc:mixed sys:ro" "lxc.cap.drop = net_admin" "lxc.autodev =" "lxc.autodev.tmpfs.size = 8192"
start closed
mounted /proc/sys 'ro,'
not_mounted /proc/sys/net
mounted /sys 'ro,relatime'
not_mounted /dev
[ -L "$lxcpath/closed/rootfs/dev/stdin" ] || fail "without lxc.autodev the links are not made in the rootfs"
[ -e "$lxcpath/closed/rootfs/dev/null" ] && fail "without lxc.autodev a node was made"

# ---- lxc.rootfs.options ro, a path without a type, nesting's two mounts; what a later line clears
echo "lxc.mount.entry = tmpfs mnt/cleared tmpfs create=dir
lxc.mount.auto = proc:rw
lxc.rootfs.options = nosuid
lxc.autodev.tmpfs.size = 8192" >"$work/included"
twin quiet all "$same" "lxc.include = $work/included" "lxc.mount.entry =" "lxc.mount.auto =" "lxc.rootfs.options =" "lxc.autodev.tmpfs.size =" \
  "lxc.rootfs.options = ro" "lxc.rootfs.path = $lxcpath//all/./rootfs/" "lxc.mount.entry = tmpfs tmp tmpfs defaults" "lxc.apparmor.allow_nesting = 1"
start quiet
mounted / 'ro,'
lxc || mounted / 'ro,relatime' # LXC keeps the attributes of options that were cleared
not_mounted /mnt/cleared
not_mounted /proc
mounted /dev '.*size=492k'
mounted /dev/.lxc/proc 'rw,relatime / .* proc'
mounted /dev/.lxc/sys 'rw,relatime / .* sysfs'

# ---- lxc.rootfs.managed: destroy runs the hook and leaves everything
twin kept all "$same" "lxc.rootfs.managed = 0" "lxc.hook.destroy = /bin/sh -c 'touch $work/destroyed'"
k destroy -n kept >/dev/null 2>&1 || fail "an unmanaged container cannot be destroyed"
[ -e "$lxcpath/kept/config" ] && [ -e "$lxcpath/all/rootfs/bin/busybox" ] || fail "destroy took an unmanaged rootfs, or its configuration, away"
[ -e "$work/destroyed" ] || fail "destroy of an unmanaged container did not run the hook"

# ---- what is refused, with words
ln -s / "$lxcpath/all/rootfs/run/link"
refused link "a symbolic link is in the way" "$e $s run/link none bind"
refused missing "$s/none" "$e $s/none mnt none bind,create=dir"
refused no-fstab "$work/no-fstab" "lxc.mount.fstab = $work/no-fstab"
refused no-place "lxc.rootfs.mount" "lxc.rootfs.mount = $work/no-place"
refused no-rootfs "$work/no-rootfs: No such file" "lxc.rootfs.path = dir:$work/no-rootfs"

# ---- an id map, where the file system can be mounted with one: tmpfs can since Linux 6.3
if [ "$(stat -f -c %T "$work")" = tmpfs ] && [ "$(printf '6.3\n%s\n' "$(uname -r)" | sort -V | head -1)" != 6.3 ]; then exit 0; fi
map=("lxc.idmap = u 0 300000 65536" "lxc.idmap = g 0 300000 65536" "lxc.apparmor.profile = unconfined")
chmod 755 "$lxcpath"
twin mapped all "$same" "${map[@]}" "lxc.rootfs.options = idmap=container,nosuid" "lxc.mount.auto = proc sys" \
  "$e $s mnt/shifted none bind,idmap=container,ro,nodev,create=dir" "$e $s mnt/plain none bind,create=dir" "$e tmpfs mnt/t tmpfs size=64k,create=dir"
start mapped
mounted / 'rw,nosuid,relatime,idmapped'
mounted /mnt/shifted 'ro,nodev,relatime,idmapped'
mounted /mnt/plain 'rw,relatime /'
mounted /proc/sys 'ro'
owners=$(k attach -n mapped -- stat -c %u / /mnt/shifted/file /mnt/plain/file /mnt/t | tr '\n' ' ')
[ "$owners" = "0 0 65534 0 " ] || fail "the owners seen inside are $owners"
k attach -n mapped -- touch /made || fail "its root cannot write in its rootfs"
[ "$(stat -c %u "$lxcpath/all/rootfs/made")" = 0 ] || fail "the idmapped rootfs stores another owner"

if ! lxc; then
  # the map of another user namespace, which LXC takes for rootfs alone and does not apply
  unshare -U sleep 100 & other=$!
  at_end kill $other
  has_left() { [ "$(readlink /proc/$other/ns/user)" != "$(readlink /proc/self/ns/user)" ]; }
  wait_for 5 has_left
  echo 0 300000 65536 >/proc/$other/uid_map; echo 0 300000 65536 >/proc/$other/gid_map
  twin others all "$same" "$e $s mnt/shifted none bind,idmap=/proc/$other/ns/user,create=dir"
  start others
  mounted /mnt/shifted 'rw,relatime,idmapped'
  [ "$(stat -c %u "$root/mnt/shifted/file")" = 300000 ] || fail "the map of the other namespace is not in effect"
fi
exit 0
