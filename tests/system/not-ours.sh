#!/bin/bash
# What somebody else has put where a container's thing was stays: in the place of an interrupted creation, of a pid file, under a
# name that two commands want at once. And what a life leaves to the next one is not forgotten.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC keeps no records"
keelson=$KEELSON_BUILD/bin/keelson
printf '#!/bin/sh\nfor w; do case $w in --rootfs=*) : >"${w#*=}/made" ;; esac; done\nexec sleep 1000\n' >"$work/hang"
printf '#!/bin/sh\nexit 9\n' >"$work/refuse"
chmod 755 "$work/hang" "$work/refuse"

# A creation is killed, and another container stands in its place before the next command comes.
killed_creation() { # NAME
  "$(program create)" -P "$lxcpath" -n "$1" -t "$work/hang" >/dev/null 2>&1 &
  local creator=$!
  made() { [ -e "$lxcpath/$1/rootfs/made" ]; }
  wait_for 10 made "$1" || fail "$1: nothing is created"
  kill -KILL "$creator"; wait "$creator" 2>/dev/null
}
remember_host
one=$klt-one
killed_creation "$one"
rm -rf "${lxcpath:?}/$one"
container "$one"
echo kept >"$lxcpath/$one/rootfs/mine"
wait_for 5 k start -n "$one" 2>/dev/null || fail "what stands in the place of a killed creation does not start"
k stop -k -n "$one"
[ "$(cat "$lxcpath/$one/rootfs/mine" 2>&1)" = kept ] || fail "what stands in the place of a killed creation was removed"
rm -rf "${lxcpath:?}/$one"

taken_back() { "$keelson" recover >/dev/null && [ ! -e "$lxcpath/$one/rootfs" ]; }
# In a directory that was there before, what was there stays, and the rest goes.
for end in killed refused; do
  mkdir "$lxcpath/$one" && echo kept >"$lxcpath/$one/mine"
  case $end in
    killed) killed_creation "$one"; wait_for 5 taken_back || fail "it is not recovered" ;;
    refused) k create -n "$one" -t "$work/refuse" >/dev/null 2>&1 && fail "a template that refuses counts for nothing" ;;
  esac
  [ "$(cd "$lxcpath/$one" && echo *)" = mine ] || fail "a creation that was $end leaves $(cd "$lxcpath/$one" && echo *)"
  rm -rf "${lxcpath:?}/$one"
done
# An empty one is not ours either, whoever has made it.
facts() { stat -c '%i %u %g %a' "$1"; }
mkdir "$lxcpath/$one" && chown 65534:65534 "$lxcpath/$one" && chmod 2711 "$lxcpath/$one"
was=$(facts "$lxcpath/$one")
k create -n "$one" -t "$work/refuse" >/dev/null 2>&1
[ "$(facts "$lxcpath/$one" 2>&1)" = "$was" ] || fail "a creation that was refused makes of '$was' $(facts "$lxcpath/$one" 2>&1)"
rmdir "$lxcpath/$one" || fail "a creation that was refused leaves $(ls -A "$lxcpath/$one")"
# But what a loss of power has left of a creation.
mkdir -m 0 "$lxcpath/$one"
k create -n "$one" -t none >/dev/null || fail "it is not made where a loss of power has left its directory"
[ "$(stat -c %a "$lxcpath/$one")" = 770 ] || fail "its directory has the mode $(stat -c %a "$lxcpath/$one")"
k destroy -n "$one" >/dev/null
# The lxcpath that a creation has made goes with it, but not what others have put there.
mkdir "$work/above"
for end in refused killed; do
  lxcpath=$work/above/new/path
  case $end in
    refused) k create -n "$one" -t "$work/refuse" >/dev/null 2>&1 ;;
    killed) killed_creation "$one"; : >"$work/above/new/mine"; wait_for 5 taken_back ;;
  esac
  [ ! -e "$lxcpath" ] || fail "a creation that was $end leaves its lxcpath"
  [ $end = killed ] || [ ! -e "$work/above/new" ] || fail "a creation that was $end leaves what is above its lxcpath"
done
lxcpath=$work/lxc
[ "$(cd "$work/above" && echo *  new/*)" = "new new/mine" ] || fail "beside what others have made there is $(ls -R "$work/above")"
host_is_as_it_was "creations that came to nothing"

# Nor does what a template has started make anything behind the back of who takes the creation back.
printf '#!/bin/sh\nfor w; do case $w in --rootfs=*) r=${w#*=} ;; esac; done
(setsid sh -c "sleep 2; mkdir -p $r/late") </dev/null >/dev/null 2>&1 &\n: >"$r/made"\n' >"$work/hang"
cp "$work/hang" "$work/refuse-later"
printf 'exec sleep 1000\n' >>"$work/hang"
printf 'exit 9\n' >>"$work/refuse-later"
chmod 755 "$work/refuse-later"
killed_creation "$one"
wait_for 5 taken_back || fail "it is not recovered"
k create -n "$klt-two" -t "$work/refuse-later" >/dev/null 2>&1 && fail "a template that refuses counts for nothing"
sleep 3
[ ! -e "$lxcpath/$one" ] && [ ! -e "$lxcpath/$klt-two" ] || fail "what a template has started outlives the creation: $(ls -R "$lxcpath")"
host_is_as_it_was "creations whose templates had started something"

# What could not even be begun leaves nothing to take back.
mkdir "$work/closed" && mount -t tmpfs -o ro none "$work/closed" || fail "no filesystem that is read-only"
at_end umount "$work/closed"
"$keelson" create -P "$work/closed" -n "$one" -t none 2>/dev/null && fail "a container is made where nothing can be written"
"$keelson" recover >"$work/said" 2>&1 || fail "a creation that could make nothing cannot be taken back: $(cat "$work/said")"

# A log that nobody reads keeps no container from starting.
mkfifo "$work/fifo"
container "$one" "lxc.net.0.type = empty" "lxc.log.file = $work/fifo"
within 10 "$(program start)" -P "$lxcpath" -n "$one" 2>"$work/said" && fail "it starts with a log that cannot be opened"
grep -q fifo "$work/said" || fail "the error does not name the log: $(cat "$work/said")"
rm -rf "${lxcpath:?}/$one"

# A pid file that cannot be written is nobody's to remove.
container "$one" "lxc.net.0.type = empty"
cp "$(command -v busybox)" "$work/busybox" || fail "no copy of busybox"
"$work/busybox" sleep 1000 &
at_end kill $!
mkdir "$work/directory"
for path in busybox directory; do
  k start -n "$one" -p "$work/$path" 2>/dev/null && fail "it starts with $path as its pid file"
  [ -e "$work/$path" ] || fail "a start that could not write to $path has removed it"
  k start -n "$one" -p "$work/pid" || fail "it does not start after $path was its pid file"
  rm "$work/pid" && echo other >"$work/pid"
  k stop -k -n "$one"
  [ "$(cat "$work/pid" 2>&1)" = other ] || fail "the pid file of another was removed"
  rm "$work/pid"
done

# One that was left behind is, and so is where a link leads to; but nothing that is no pid file.
echo 4711 >"$work/pid" && ln -s pid "$work/link" && ln -s nowhere "$work/dangling"
for path in pid link dangling; do
  k start -n "$one" -p "$work/$path" || fail "it does not start with $path as its pid file"
  [ "$(cat "$work/$path")" = "$(awk '/^PPid/{print $2}' "/proc/$(k info -n "$one" -p -H)/status")" ] || fail "the pid in $path is $(cat "$work/$path")"
  k stop -k -n "$one"
  [ ! -e "$work/$path" ] || fail "the pid file $path stays: $(ls -l "$work")"
done
[ -L "$work/link" ] && [ -L "$work/dangling" ] || fail "a link to a pid file was removed"
echo precious >"$work/pid" && mkfifo "$work/reader"
for path in pid link reader; do
  within 10 "$(program start)" -P "$lxcpath" -n "$one" -p "$work/$path" 2>"$work/said" && fail "it starts with $path as its pid file"
  grep -q "not a pid file.*$path" "$work/said" || fail "the error does not name $path: $(cat "$work/said")"
done
[ "$(cat "$work/pid")" = precious ] && [ -L "$work/link" ] && [ -p "$work/reader" ] || fail "what is no pid file is not as it was: $(ls -l "$work")"

# A container that is being destroyed does not start.
gone=$klt-gone
container "$gone" "lxc.net.0.type = empty" "lxc.hook.destroy = $work/start"
cat >"$work/start" <<H
#!/bin/sh
"$(program start)" -P "$lxcpath" -n "$gone" 2>"$work/refused"
echo \$? >"$work/code"
"$(program info)" -P "$lxcpath" -n "$gone" -s -H >"$work/state"
H
chmod 755 "$work/start"
k destroy -n "$gone" >/dev/null || fail "destroy"
[ "$(cat "$work/code")" != 0 ] && grep -q "being destroyed" "$work/refused" || fail "it starts while it is destroyed: $(cat "$work/refused")"
[ "$(cat "$work/state")" = STOPPED ] || fail "while it is destroyed its state is $(cat "$work/state")"

# Of two creations of one name, one is told that it has made the container.
for i in $(seq 20); do
  "$(program create)" -P "$lxcpath" -n "$gone" -t none >/dev/null 2>&1 & first=$!
  k create -n "$gone" -t none >/dev/null 2>&1; second=$?
  wait "$first"; first=$?
  case $first/$second in 0/[1-9]* | [1-9]*/0) ;; *) fail "round $i: two creations of one name end with $first and $second" ;; esac
  k destroy -n "$gone" >/dev/null || fail "round $i: destroy"
done

# The next life has a monitor where the first had it, and who asked for it hears when it does not come.
init='trap "exec /bin/reboot -f" INT; while :; do /bin/sleep 1000 & wait; done'
container "$gone" "lxc.net.0.type = empty" "lxc.hook.stop = $work/stop"
printf '#!/bin/sh\nsleep 1\n[ ! -e %s/lose ] || mv %s/rootfs %s/lost\n' "$work" "$lxcpath/$gone" "$lxcpath/$gone" >"$work/stop"
chmod 755 "$work/stop"
k start -n "$gone" -- /bin/sh -c "$init" || fail "start"
monitor=$(awk '/^PPid/{print $2}' "/proc/$(k info -n "$gone" -p -H)/status")
before=$(cat "/proc/$monitor/cgroup")
has_trap() { (($(awk '/^SigCgt/ {print "0x" $2}' "/proc/$(k info -n "$gone" -p -H)/status") & 1 << (2 - 1))); } # SIGINT
wait_for 5 has_trap || fail "its init waits for no signal"
k stop -r -n "$gone" || fail "reboot"
wait_for 5 has_trap || fail "after a reboot its init waits for no signal"
[ "$(cat "/proc/$monitor/cgroup")" = "$before" ] || fail "after a reboot the monitor is in $(cat "/proc/$monitor/cgroup"), not in $before"
touch "$work/lose"
k stop -r -n "$gone" 2>/dev/null && fail "a reboot that found no rootfs counts as done"
mv "$lxcpath/$gone/lost" "$lxcpath/$gone/rootfs"
[ "$(k info -n "$gone" -s -H)" = STOPPED ] || fail "after a reboot that failed it is $(k info -n "$gone" -s -H)"
