#!/bin/bash
# destroy: what was the container's goes, wherever it stands; what was only mounted there stays; nobody else can hold it up.
# own-host
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

# ---- what its owner put in the place of the list of clones: a pipe holds nobody up, and no other file is written through it
container "$name"
mkfifo "$lxcpath/$name/lxc_snapshots"
within 20 "$(program destroy)" -P "$lxcpath" -n "$name" >"$work/out" 2>&1 ||
  fail "destroy, with a pipe as lxc_snapshots: exit code $?: $(cat "$work/out")"
container "$name"
echo precious >"$work/victim"
ln -s "$work/victim" "$lxcpath/$name/lxc_snapshots" && chown -h 65534 "$lxcpath/$name/lxc_snapshots"
! k copy -s -n "$name" -N "$klt-clone" -B overlay >"$work/out" 2>&1 || fail "a list of clones that leads elsewhere was written"
grep -q "belongs to another user" "$work/out" || fail "lxc_snapshots is a foreign link: $(cat "$work/out")"
[ "$(cat "$work/victim")" = precious ] || fail "copy -s wrote through another user's link"
[ ! -e "$lxcpath/$klt-clone" ] || fail "a failed copy left $(find "$lxcpath/$klt-clone" -maxdepth 1)"
printf 'lxc.utsname = old\n' >"$lxcpath/$name/config"
ln -s "$work/victim" "$lxcpath/$name/config.backup" && chown -h 65534 "$lxcpath/$name/config.backup"
! "$KEELSON_BUILD/bin/lxc-update-config" -c "$lxcpath/$name/config" >"$work/out" 2>&1 || fail "a backup that leads elsewhere was written"
! "$KEELSON_BUILD/bin/keelson" config lint --fix "$lxcpath/$name/config" >"$work/out" 2>&1 || fail "lint: a backup that leads elsewhere was written"
[ "$(cat "$work/victim")" = precious ] || fail "a backup was written through another user's link"
rm "$lxcpath/$name/config" && mkfifo "$lxcpath/$name/config"
code=0; within 20 "$KEELSON_BUILD/bin/keelson" config lint "$lxcpath/$name/config" >"$work/out" 2>&1 || code=$?
[ $code -lt 124 ] || fail "lint is held up by a pipe"
rm -r "${lxcpath:?}/$name"

# ---- who may read the directory of containers could lock it for ever: clones are made and destroyed nevertheless
container "$name"
exec {nobody}< <(exec setpriv --reuid 65534 --regid 65534 --clear-groups flock "$lxcpath" sh -c 'echo locked; exec sleep 60')
at_end kill "$!"
read -r -t 10 word <&"$nobody" && [ "$word" = locked ] || fail "nobody cannot lock $lxcpath"
within 20 "$(program copy)" -P "$lxcpath" -s -n "$name" -N "$klt-clone" -B overlay >"$work/out" 2>&1 ||
  fail "copy -s, with the directory locked by somebody: exit code $?: $(cat "$work/out")"
within 20 "$(program destroy)" -P "$lxcpath" -n "$klt-clone" >"$work/out" 2>&1 ||
  fail "destroy of the clone, with the directory locked by somebody: exit code $?: $(cat "$work/out")"
