#!/bin/bash
# Each storage type: made by create -B, started, written to from inside, stopped and destroyed, with nothing left.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
name=$klt-st
printf 'lxc.net.0.type = empty\n' >"$work/default.conf"
made() { # WHAT OPTION...
  what=$1; shift
  k create -n "$name" -t busybox -f "$work/default.conf" "$@" >"$work/out" 2>&1 || fail "$what: create: $(cat "$work/out")"
}
lives() { # twice, so that what the first writes is there the second time
  local turn
  for turn in 1 2; do
    k start -n "$name" 2>"$work/err" || fail "$what: it does not start: $(cat "$work/err")"
    [ $turn = 1 ] || [ "$(k attach -n "$name" -- cat /written)" = kept ] || fail "$what: what was written is lost"
    k attach -n "$name" -- sh -c 'echo kept >/written' || fail "$what: the root cannot be written to"
    k stop -k -n "$name" || fail "$what: stop"
    host_is_as_it_was "$what: after start $turn"
  done
}
ends() {
  k destroy -n "$name" || fail "$what: destroy"
  [ ! -e "$lxcpath/$name" ] || fail "$what: destroy left $(find "$lxcpath/$name" | head -n 3)"
  host_is_as_it_was "$what: after destroy"
}
path() { sed -n 's/^lxc.rootfs.path *= *//p' "$lxcpath/$name/config"; }
remember_host

made dir
[ "$(path)" = "dir:$lxcpath/$name/rootfs" ] || fail "dir: the path is $(path)"
lives; ends

made "dir elsewhere" -B dir --dir "$work/elsewhere/rootfs"
[ "$(path)" = "dir:$work/elsewhere/rootfs" ] || fail "$what: the path is $(path)"
lives; ends
[ ! -e "$work/elsewhere/rootfs" ] || fail "$what: destroy left the rootfs"

if [ "${KEELSON_AS:-}" != lxc ]; then
  what="dir elsewhere, with a slash at the end"
  printf '#!/bin/sh\nfor word; do [ "${word#--rootfs=}" = "$word" ] || : >"${word#*=}/left"; done\nexit 3\n' >"$work/fails"
  chmod 755 "$work/fails"
  k create -n "$name" -t "$work/fails" -f "$work/default.conf" --dir "$work/elsewhere/failed/" >"$work/out" 2>&1 && fail "$what: create"
  [ ! -e "$work/elsewhere/failed" ] || fail "$what: a creation that failed left $(find "$work/elsewhere/failed")"
fi

made "overlay elsewhere" -B overlay --dir "$work/elsewhere/layer"
[ "$(path)" = "overlay:$lxcpath/$name/rootfs:$lxcpath/$name/overlay/delta" ] || fail "$what: the path is $(path)"
[ ! -e "$work/elsewhere/layer" ] || fail "$what: create made what no destroy removes"
lives; ends

# a rootfs that is given: what a start would refuse is not filled
if [ "${KEELSON_AS:-}" != lxc ]; then
  what="dir that is given"
  mkdir -m 700 "$work/given" && ln -s given "$work/link"
  given() { # PATH OPTION...
    { cat "$work/default.conf"; echo "lxc.rootfs.path = $1"; printf 'lxc.idmap = %s 0 100000 65536\n' u g; } >"$work/given.conf"
    shift; k create -n "$name" -t busybox -f "$work/given.conf" "$@" >"$work/out" 2>&1
  }
  for path in "dir:$work/link" "dir:$work/none" "$work/none"; do
    given "$path" && fail "$what: $path is taken"
    grep -qF "${path#dir:}" "$work/out" || fail "$what: create with $path says $(cat "$work/out")"
    [ -z "$(ls -A "$work/given")" ] && [ ! -e "$lxcpath/$name" ] || fail "$what: create with $path left $(ls -A "$work/given")"
  done
  given "dir:$work/given" && [ "$(stat -c %u "$work/given")" = 100000 ] || fail "$what: create: $(cat "$work/out")"
  grep -qi nobody "$work/out" && fail "$what: create says $(cat "$work/out")"
  k start -n "$name" 2>"$work/err" || fail "$what: it does not start: $(cat "$work/err")"
  k stop -k -n "$name"; ends
fi

# read-only, and options
made "dir, read-only"
echo "lxc.rootfs.options = ro" >>"$lxcpath/$name/config"
k start -n "$name" || fail "$what: it does not start"
k attach -n "$name" -- sh -c ': >/written' 2>/dev/null && fail "$what: it can be written to"
k stop -k -n "$name"; ends

made loop -B loop --fssize 64M --fstype ext4
[ "$(path)" = "loop:$lxcpath/$name/rootdev" ] || fail "loop: the path is $(path)"
[ $(($(stat -c %s "$lxcpath/$name/rootdev") >> 20)) = 64 ] || fail "loop: the image has $(stat -c %s "$lxcpath/$name/rootdev") bytes"
lives; ends

# mounted once: neither a copy of what runs nor a second container writes to the image meanwhile
if [ "${KEELSON_AS:-}" != lxc ]; then
  made "loop, twice" -B loop --fssize 64M
  k start -n "$name" && k attach -n "$name" -- sh -c 'echo kept >/written; sync' || fail "$what: it does not live"
  twin=$name-twin
  mkdir "$lxcpath/$twin" && cp "$lxcpath/$name/config" "$lxcpath/$twin/config"
  k start -n "$twin" 2>"$work/err" && fail "$what: a second container has the same image"
  grep -q "mounted already: $lxcpath/$name/rootdev" "$work/err" || fail "$what: start says $(cat "$work/err")"
  rm -r "${lxcpath:?}/$twin"
  k copy -n "$name" -N "$twin" -a -B dir 2>"$work/err" && fail "$what: it is read while it runs"
  grep -q "mounted already: $lxcpath/$name/rootdev" "$work/err" && [ ! -e "$lxcpath/$twin" ] || fail "$what: copy says $(cat "$work/err")"
  k copy -n "$name" -N "$twin" -a >/dev/null || fail "$what: copy of the image itself"
  k destroy -n "$twin" || fail "$what: destroy of the copy"
  for turn in 1 2 3; do
    k stop -k -n "$name" && k start -n "$name" || fail "$what: start right after stop"
  done
  [ "$(k attach -n "$name" -- cat /written)" = kept ] || fail "$what: what was written is lost"
  k stop -k -n "$name" || fail "$what: stop"
  ends
fi

# from each kind into each other
if [ "${KEELSON_AS:-}" != lxc ]; then
  original=$name
  for from in dir loop overlay; do
    name=$original
    made "$from" -B "$from"
    echo "lxc.uts.name = $name" >>"$lxcpath/$name/config"
    k start -n "$name" && k attach -n "$name" -- sh -c 'echo kept >/written; echo some >/etc/hostname' && k stop -k -n "$name" || fail "$from: it does not live"
    echo "lxc.rootfs.options = ro" >>"$lxcpath/$name/config" # its /etc/hostname is written to all the same
    for to in dir loop overlay; do
      name=$original-copy
      what="$from copied to $to"
      k copy -n "$original" -N "$name" -B "$to" -L 64M >"$work/out" 2>&1 || fail "$what: $(cat "$work/out")"
      case $(path) in "$to:"*) ;; *) fail "$what: the path is $(path)" ;; esac
      k start -n "$name" 2>"$work/err" || fail "$what: it does not start: $(cat "$work/err")"
      [ "$(k attach -n "$name" -- cat /etc/hostname)" = "$name" ] || fail "$what: /etc/hostname is the original's"
      [ "$(k attach -n "$name" -- cat /written)" = kept ] || fail "$what: something is missing"
      k stop -k -n "$name"
      ends
    done
    name=$original
    ends
  done
fi

# overlay over a directory that stays as it is
made overlay -B dir
mv "$lxcpath/$name/rootfs" "$work/lower"; mkdir "$work/over" "$work/lower2"; echo upper >"$work/lower2/both"; echo lower >"$work/lower/both"
sed -i "s|^lxc.rootfs.path.*|lxc.rootfs.path = overlay:$work/lower2:$work/lower:$work/over/delta|" "$lxcpath/$name/config"
if [ "${KEELSON_AS:-}" = lxc ]; then sed -i "s|$work/lower2:||" "$lxcpath/$name/config"; fi
lives
[ ! -e "$work/lower/written" ] && [ "$(cat "$work/over/delta/written")" = kept ] || fail "overlay: not written to the upper directory"
if [ "${KEELSON_AS:-}" != lxc ]; then
  [ "$(k execute -n "$name" -- cat /both)" = upper ] || fail "overlay: the first lower directory is not on top"
fi
ends
[ -e "$work/lower/bin/busybox" ] && [ ! -e "$work/over/delta" ] || fail "overlay: destroy has to remove the upper directory alone"

# btrfs, on a file system of its own
truncate -s 256M "$work/btrfs.image"
if ! mkfs.btrfs -q "$work/btrfs.image" || ! mkdir "$work/btrfs" || ! mount -o loop "$work/btrfs.image" "$work/btrfs"; then
  echo "no btrfs here"
  exit 0
fi
at_end umount "$work/btrfs"
lxcpath=$work/btrfs
remember_host
made btrfs -B btrfs
[ "$(path)" = "btrfs:$lxcpath/$name/rootfs" ] || fail "btrfs: the path is $(path)"
[ "$(stat -c %i "$lxcpath/$name/rootfs")" = 256 ] || fail "btrfs: the rootfs is no subvolume"
lives; ends
[ -z "$(btrfs subvolume list "$work/btrfs")" ] || fail "btrfs: a subvolume is left"
