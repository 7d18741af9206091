#!/bin/bash
# Overlays whose upper directories lie beside each other, or beside what is somebody's own: each works, and is destroyed without
# harm to its neighbours. And lower directories that only seem to be the container's own stay.
# own-host
# timeout: 60
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC has one work directory for all upper directories beside each other"
one=$klt-1 two=$klt-2 other=$klt-3
deltas=$work/deltas
container "$other" "lxc.net.0.type = empty"
mv "$lxcpath/$other/rootfs" "$work/base"
mkdir -p "$deltas/work/thesis"
overlay() { # NAME LAYERS
  mkdir -p "$lxcpath/$1"
  printf '%s\n' "lxc.rootfs.path = overlay:$2" "lxc.uts.name = $1" "lxc.net.0.type = empty" >"$lxcpath/$1/config"
}
inside() { k attach -n "$one" -- sh -c "$1" || fail "$2"; }
everything() { (cd "$1" && find . | sort); }

overlay "$one" "$work/base:$deltas/one"
overlay "$two" "$work/base:$deltas/two"
base=$(everything "$work/base")
remember_host
for name in "$one" "$two"; do k start -n "$name" || fail "$name does not start"; done
k destroy -n "$two" -f || fail "destroy of the one beside"
[ ! -e "$deltas/two" ] && [ ! -e "$deltas/two.work" ] || fail "destroy left $(ls "$deltas")"
inside 'echo more >>/etc/passwd && rm /etc/inittab && mkdir /etc/new' "the other one cannot change anything any more"
k stop -k -n "$one" && k start -n "$one" || fail "the other one does not start again"
inside 'grep -q more /etc/passwd && [ ! -e /etc/inittab ] && [ -d /etc/new ]' "what was changed is lost"
k destroy -n "$one" -f || fail "destroy of the other one"
[ "$(everything "$deltas")" = "$(printf '.\n./work\n./work/thesis')" ] || fail "beside the upper directories there is $(everything "$deltas")"
[ "$(everything "$work/base")" = "$base" ] || fail "the lower directory has changed"
host_is_as_it_was "two beside each other"

# copied while it runs: with its changes, and without harm to it
overlay "$one" "$work/base:$deltas/one"
k start -n "$one" && inside 'echo more >>/etc/passwd && rm /etc/inittab' "the one to copy does not live"
for kind in "-B overlay" "-B dir"; do
  k copy -n "$one" -N "$two" -a $kind >"$work/out" 2>&1 || fail "copy $kind of what runs: $(cat "$work/out")"
  grep -q more "$lxcpath/$two/rootfs/etc/passwd" && [ ! -e "$lxcpath/$two/rootfs/etc/inittab" ] || fail "copy $kind is without the changes"
  inside 'set -- /bin/t*; rm "$1" && mv "$2" /bin/moved && chmod 700 "$3"' "after copy $kind the original cannot change anything"
  k destroy -n "$two" || fail "destroy of copy $kind"
done
k destroy -n "$one" -f || fail "destroy of what was copied"
[ "$(everything "$work/base")" = "$base" ] || fail "the lower directory has changed by the copies"
host_is_as_it_was "copied while it ran"

# somebody's directory where the work would be
mkdir -p "$deltas/one.work/thesis"
overlay "$one" "$work/base:$deltas/one"
if k start -n "$one" 2>"$work/err"; then fail "it starts with somebody's directory as its work directory"; fi
grep -q "$deltas/one.work" "$work/err" || fail "the directory is not named: $(cat "$work/err")"
k destroy -n "$one" 2>/dev/null || fail "destroy beside somebody's directory"
[ -d "$deltas/one.work/thesis" ] && [ ! -e "$deltas/one" ] || fail "destroy left or took $(everything "$deltas")"
rmdir "$deltas/one.work/thesis" "$deltas/one.work"

# lower directories of others, by "..", by a link on the way and by one at the end
mkdir "$lxcpath/$other/rootfs"
: >"$lxcpath/$other/rootfs/kept"
for lower in ../$other/rootfs way/rootfs link link/.; do
  mkdir -p "$lxcpath/$one"
  ln -s "../$other" "$lxcpath/$one/way"
  ln -s "../$other/rootfs" "$lxcpath/$one/link"
  overlay "$one" "$lxcpath/$one/$lower:$lxcpath/$one/overlay/delta"
  k destroy -n "$one" || fail "$lower: destroy"
  [ -e "$lxcpath/$other/rootfs/kept" ] || fail "$lower: destroy took the other container's rootfs"
  [ ! -e "$lxcpath/$one" ] || fail "$lower: destroy left $(everything "$lxcpath/$one")"
done

# made by LXC, run by LXC, then by us
command -v lxc-copy >/dev/null || exit 0
[ "$(readlink -f "$(command -v lxc-copy)")" != "$(readlink -f "$(program copy)")" ] || exit 0
at_end rm -rf "/run/lxc/lock$work" # of its own
overlay "$one" "$work/base:$deltas/one"
rm -r "$deltas/work"
lxc-start -P "$lxcpath" -n "$one" 2>/dev/null && lxc-stop -P "$lxcpath" -n "$one" -k || { echo "LXC does not run here"; exit 0; }
[ -d "$deltas/work" ] || fail "LXC has its work directory elsewhere"
k start -n "$one" && k stop -k -n "$one" && k destroy -n "$one" || fail "LXC's container does not live"
[ -z "$(ls -A "$deltas")" ] || fail "LXC's container leaves $(everything "$deltas")"
rm -r "$lxcpath/$other/rootfs" && cp -a "$work/base" "$lxcpath/$other/rootfs"
lxc-copy -P "$lxcpath" -n "$other" -N "$two" -s -B overlay || fail "lxc-copy"
k start -n "$two" && k stop -k -n "$two" || fail "LXC's copy does not start"
grep -q "overlay:$lxcpath/$other/rootfs:$lxcpath/$two/overlay/delta" "$lxcpath/$two/config" || fail "LXC has another place"
[ "$(ls "$lxcpath/$two/overlay")" = "$(printf 'delta\nwork')" ] || fail "beside LXC's directories there is $(ls "$lxcpath/$two/overlay")"
k destroy -n "$two" || fail "LXC's copy is not destroyed"
[ ! -e "$lxcpath/$two" ] || fail "of LXC's copy there is left $(everything "$lxcpath/$two")"
rm -rf "/run/lxc/lock$work"
host_is_as_it_was "at the end"
exit 0
