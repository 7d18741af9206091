#!/bin/bash
# destroy: what was the container's goes, wherever it stands; what was only mounted there stays; nobody else can hold it up.
# timeout: 60
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC empties what is mounted in the container's directory"
name=$klt-gone

# ---- somebody's directory, mounted in the container's: refused before it is emptied, and the container can go afterwards
container "$name"
mkdir "$work/foreign" "$lxcpath/$name/shared" && echo precious >"$work/foreign/file"
mount --bind "$work/foreign" "$lxcpath/$name/shared" || skip "needs mounts"
at_end umount -q "$lxcpath/$name/shared"
! k destroy -n "$name" >"$work/out" 2>&1 || fail "destroyed with a mount in its directory"
grep -q "$lxcpath/$name/shared.*unmount it first" <(tr '\n' ' ' <"$work/out") || fail "a mount in it: $(cat "$work/out")"
[ -e "$work/foreign/file" ] || fail "destroy emptied what is mounted in the container's directory"
[ -e "$lxcpath/$name/config" ] || fail "the configuration went before the rest could"
umount "$lxcpath/$name/shared"
k destroy -n "$name" >"$work/out" 2>&1 || fail "destroy, unmounted: $(cat "$work/out")"
[ ! -e "$lxcpath/$name" ] || fail "destroy left $(find "$lxcpath/$name")"

# ---- a container that was moved to another disk, with a link to it
container "$name"
mkdir "$work/elsewhere" && mv "$lxcpath/$name" "$work/elsewhere/" && ln -s "$work/elsewhere/$name" "$lxcpath/$name"
k destroy -n "$name" >"$work/out" 2>&1 || fail "destroy, by a link: $(cat "$work/out")"
[ ! -L "$lxcpath/$name" ] || fail "destroy left the link"
[ -z "$(ls "$work/elsewhere")" ] || fail "destroy left $(find "$work/elsewhere")"

# ---- who may read the directory of containers could lock it for ever: clones are made and destroyed nevertheless
container "$name"
exec {nobody}< <(exec setpriv --reuid 65534 --regid 65534 --clear-groups flock "$lxcpath" sh -c 'echo locked; exec sleep 60')
at_end kill "$!"
read -r -t 10 word <&"$nobody" && [ "$word" = locked ] || fail "nobody cannot lock $lxcpath"
timeout 20 "$(program copy)" -P "$lxcpath" -s -n "$name" -N "$klt-clone" -B overlay >"$work/out" 2>&1 ||
  fail "copy -s, with the directory locked by somebody: exit code $?: $(cat "$work/out")"
timeout 20 "$(program destroy)" -P "$lxcpath" -n "$klt-clone" >"$work/out" 2>&1 ||
  fail "destroy of the clone, with the directory locked by somebody: exit code $?: $(cat "$work/out")"
