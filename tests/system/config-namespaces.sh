#!/bin/bash
# Keys of namespaces: which a container has of its own, shares or keeps, its id maps and its clocks.
# own-host
. "$(dirname "$0")/../support/system.sh"
. "$support/config_table.sh"
name=$klt-n

# Id maps of several ranges, and clocks.
map() { echo "while read inside host count; do echo \$inside \$host \$count; done </proc/1/$1_map"; }
line "lxc.mount.auto = proc:rw sys:ro"
not_cleared="$not_cleared
lxc.mount.auto"
root_outside=100000
line "lxc.idmap = u 0 100000 1000"
line "lxc.idmap = u 1000 0x493e0 1"
line "lxc.idmap = u 1001 101001 64535"
line "lxc.idmap = u 70000 0 1" # the host's root: LXC writes such a map without newuidmap
line "lxc.idmap = g 70000 0 1"
row "lxc.idmap = g 0 100000 65536" "$(map uid)" "0 100000 1000
1000 300000 1
1001 101001 64535
70000 0 1" "0 0 4294967295"
row "lxc.time.offset.boot = 10h" "awk '/^boottime/{print \$2, \$3}' /proc/self/timens_offsets" "36000 0" "0 0"
row "lxc.time.offset.monotonic = -5 s" "awk '/^monotonic/{print \$2, \$3}' /proc/self/timens_offsets" "-5 0" "0 0"
row "lxc.init.gid = 7" "$(map gid)" "70000 0 1
0 100000 65536" "0 0 4294967295"
look "$name-mapped" -l DEBUG -o "$work/log"
root_outside=
k stop -k -n "$name-mapped"
if [ "${KEELSON_AS:-}" != lxc ]; then # a range of both, and parts of a second
  ours
  line "lxc.mount.auto = proc:rw sys:ro"
  line "lxc.idmap = b 0 100000 70000"
  row "lxc.time.offset.boot = 11500ms" "awk '/^boottime/{print \$2, \$3}' /proc/self/timens_offsets" "11 500000000"
  row "lxc.time.offset.monotonic = -1us" "$(map gid); awk '/^monotonic/{print \$2, \$3}' /proc/self/timens_offsets" "0 100000 70000
-1 999999000"
  root_outside=100000
  look "$name-both" -l DEBUG -o "$work/log"
  root_outside=
  k stop -k -n "$name-both"
fi

# Which namespaces a process has that the host has not.
kinds="user mnt pid uts ipc net cgroup time"
own() { # PID
  local kind
  for kind in $kinds; do
    [ "$(readlink "/proc/$1/ns/$kind")" = "$(readlink "/proc/self/ns/$kind")" ] || printf '%s ' "$kind"
  done
}
# Which it has in common with another.
common() { # PID PID
  local kind
  for kind in $kinds; do
    [ "$(readlink "/proc/$1/ns/$kind")" = "$(readlink "/proc/$2/ns/$kind")" ] && printf '%s ' "$kind"
  done
}
pid_of() { k info -n "$1" -p -H; }
expect() { # WHAT ACTUAL EXPECTED
  asked=$((asked + 1))
  [ "$2" = "$3" ] || differs "$1: '$2', not '$3'"
}

container "$name-first" "lxc.init.cmd = /bin/sleep 1000"
container "$name" "lxc.init.cmd = /bin/sleep 1000" "lxc.uts.name =" "lxc.mount.auto = proc:rw"
k start -n "$name-first" || fail "it does not start"
first=$(pid_of "$name-first")
expect "by default" "$(own "$first")" "mnt pid uts ipc net cgroup "

started() { # OPTION...
  k start -n "$name" "$@" -o "$work/log" -l INFO >"$work/err" 2>&1 || fail "it does not start with $*: $(cat "$work/err" "$work/log")"
}
expect_own() { # EXPECTED OPTION...
  local wanted=$1; shift
  started "$@"
  expect "$*" "$(own "$(pid_of "$name")")" "$wanted"
  k stop -k -n "$name"
}
expect_own "mnt pid ipc " -s "lxc.namespace.clone = ipc MNT pid"
expect_own "mnt pid net " -s "lxc.namespace.keep = ipc user" -s "lxc.namespace.keep = uts cgroup time"
expect_own "mnt pid uts ipc net cgroup " -s "lxc.namespace.clone = ipc mnt pid" -s "lxc.namespace.clone ="
expect_own "mnt pid uts ipc cgroup " -s lxc.net.0.type=none
expect_own "mnt pid uts ipc net cgroup time " -s "lxc.time.offset.boot = 1s"

started --share-net "$name-first" --share-ipc "$first" -s "lxc.namespace.share.uts = /proc/$first/ns/uts"
expect "shared net, ipc and uts" "$(common "$(pid_of "$name")" "$first")" "user uts ipc net time "
expect "net, joined" "$(k attach -n "$name" -- readlink /proc/self/ns/net)" "$(readlink "/proc/$first/ns/net")"
k stop -k -n "$name"
of_first=$lxcpath/$name-first cgroup="cgroup "
# LXC 5.0.2 takes what begins with a slash as a namespace file alone, and makes a cgroup namespace all the same.
[ "${KEELSON_AS:-}" != lxc ] || of_first=$name-first cgroup=
started --share-pid "$name-first" -s "lxc.namespace.share.ipc = $of_first" -s "lxc.namespace.share.cgroup = $first"
expect "shared pid, ipc and cgroup" "$(common "$(pid_of "$name")" "$first")" "user pid ipc ${cgroup}time "
expect "the processes of a shared pid namespace" "$(k attach -n "$name-first" -- /bin/sh -c 'mount -t proc proc /proc && ps | grep -c "sleep 100[0]"')" 2
k stop -k -n "$name"
started -s "lxc.namespace.share.net = $name-first" -s "lxc.namespace.share.net ="
expect "net no longer shared" "$(common "$(pid_of "$name")" "$first")" "user time "
k stop -k -n "$name"
if [ "${KEELSON_AS:-}" != lxc ]; then # whose threads keep it from entering one
  unshare -T --boottime 10 sleep 1000 &
  at_end kill $!
  clock() { [ "$(readlink "/proc/$!/ns/time")" != "$(readlink /proc/self/ns/time)" ]; }
  wait_for 5 clock
  started -s "lxc.namespace.share.time = $!"
  expect "shared time" "$(common "$(pid_of "$name")" $!)" "user time "
  k stop -k -n "$name"
fi

# With an id map: first what belongs to the host, then what belongs to the other's user namespace, and that.
maps=("lxc.idmap = u 0 100000 65536" "lxc.idmap = g 0 100000 65536" "lxc.idmap = u 70000 0 1" "lxc.idmap = g 70000 0 1")
for one in user other; do
  container "$name-$one" "lxc.init.cmd = /bin/sleep 1000" "lxc.mount.auto = proc:rw" "${maps[@]}"
  chown -R 100000:100000 "$lxcpath/$name-$one/rootfs"
done
start_mapped() { # NAME OPTION...
  k start -n "$@" -o "$work/log" >"$work/err" 2>&1 || fail "$* does not start: $(cat "$work/err" "$work/log")"
}
start_mapped "$name-user" --share-net "$name-first" -s "lxc.namespace.share.ipc = $first"
user=$(pid_of "$name-user")
expect "shared with the host's, with an id map" "$(common "$user" "$first")" "ipc net time "
start_mapped "$name-other" --share-uts "$name-user" -s "lxc.namespace.share.user = $user"
expect "shared with another id map's" "$(common "$user" "$(pid_of "$name-other")")" "user uts time "
expect "root in another's user namespace" "$(awk '/^Uid/{print $2}' "/proc/$(pid_of "$name-other")/status")" 100000
expect "user, joined" "$(k attach -n "$name-other" -- readlink /proc/self/ns/user)" "$(readlink "/proc/$user/ns/user")"
k stop -k -n "$name-other"
k stop -k -n "$name-user"

refused() { # SAYS OPTION...
  local says=$1; shift
  asked=$((asked + 1))
  k start -n "$name" -o "$work/log" "$@" >"$work/err" 2>&1 && { differs "it starts with $*"; k stop -k -n "$name"; }
  [ "${KEELSON_AS:-}" = lxc ] || grep -q "$says" "$work/err" || differs "refused with $*: $(cat "$work/err")"
}
refused "$klt-not" --share-net "$klt-not"
refused /none/net -s lxc.namespace.share.net=/none/net
refused lxc.time.offset -s "lxc.namespace.keep = time user" -s "lxc.time.offset.boot = 1s"
refused lxc.namespace.clone -s lxc.namespace.clone=mnt -s lxc.namespace.keep=net
refused lxc.idmap -s "lxc.idmap = u 0 100000 65536"

if [ "${KEELSON_AS:-}" != lxc ]; then # which renames the host
  before=$(hostname)
  started -s "lxc.namespace.clone = mnt pid" -s "lxc.uts.name = $klt-renamed"
  expect "the host's name" "$(hostname)" "$before"
  [ "$(hostname)" = "$before" ] || hostname "$before"
  k stop -k -n "$name"
fi
k stop -k -n "$name-first"

[ $wrong = 0 ] || fail "$wrong of $asked answers differ"
echo "$asked answers"
