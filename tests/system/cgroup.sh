#!/bin/bash
# A container's cgroups: its processes are in them, limits hold, freezing stops, and nothing stays behind.
# also: cgroup2-only cgroup-legacy
. "$(dirname "$0")/../support/system.sh"
name=$klt-c
cgroups() { find /sys/fs/cgroup -maxdepth 3 -type d -name "lxc.*.$name"; }

if [ -e /sys/fs/cgroup/memory/tasks ]; then
  limit=lxc.cgroup.memory.limit_in_bytes file=memory.limit_in_bytes
else
  limit=lxc.cgroup2.memory.max file=memory.max
fi
container "$name" "lxc.net.0.type = empty" "$limit = 64M" "lxc.cgroup.devices.deny = a" "lxc.cgroup.devices.allow = c 1:3 rwm" \
  "lxc.cgroup.devices.allow = c 5:* rwm" "lxc.cgroup.devices.allow = c 136:* rwm" "lxc.cgroup2.devices.deny = a" \
  "lxc.cgroup2.devices.allow = c 1:3 rwm" "lxc.cgroup2.devices.allow = c 5:* rwm" "lxc.cgroup2.devices.allow = c 136:* rwm"
check "it did not start" k start -n "$name"
[ -n "$(cgroups)" ] || fail "there is no cgroup"
pid=$(k info -n "$name" -pH)
outside=$(grep -v "/lxc.payload.$name\$" "/proc/$pid/cgroup" | grep -v ':name=' | grep ':/[^:]*lxc\.')
[ -z "$outside" ] || fail "init is elsewhere: $outside"
value=$(k cgroup -n "$name" "$file" | head -1)
[ "$value" = 67108864 ] || fail "the limit is '$value'"
check "/dev/null could not be opened" k attach -n "$name" -- /bin/sh -c 'echo >/dev/null'
k attach -n "$name" -- /bin/sh -c 'mknod /tmp/full c 1 7 && cat /tmp/full | head -c 1' 2>/dev/null && fail "a device that no rule allows was made or opened"

check "it did not freeze" k freeze -n "$name"
[ "$(k info -n "$name" -sH)" = FROZEN ] || fail "it is not FROZEN"
check "it did not thaw" k unfreeze -n "$name"
check "a frozen container did not stop" eval 'k freeze -n "$name" && k stop -k -n "$name"'
left=$(cgroups)
[ -z "$left" ] || fail "left behind: $left"

# a limit that the kernel has no file for is an error that names the key, and leaves nothing
echo "${limit%.*}.nosuch = 1" >>"$lxcpath/$name/config"
if [ "${KEELSON_AS:-}" != lxc ]; then
  said=$("$KEELSON_BUILD/bin/keelson" start -F -P "$lxcpath" "$name" 2>&1) && fail "started with an unknown limit"
  [[ $said == *"${limit%.*}.nosuch"* ]] || fail "the key is not named: $said"
fi
left=$(cgroups)
[ -z "$left" ] || fail "a failed start left behind: $left"

# of two of one name that are started at once one runs, and the other tells why not and does it no harm
[ "${KEELSON_AS:-}" != lxc ] || exit 0
keelson=$KEELSON_BUILD/bin/keelson twins=$work/twins
mkdir -p "$twins"
cp -r "$lxcpath/$name" "$twins/$name"
at_end eval "$(program stop) -k -P '$twins' -n '$name' >/dev/null 2>&1"
sed -i "/nosuch/d" "$lxcpath/$name/config" "$twins/$name/config"
for round in {1..20}; do
  "$keelson" start -P "$lxcpath" "$name" 2>"$work/said.1" & first=$!
  "$keelson" start -P "$twins" "$name" 2>"$work/said.2" & second=$!
  wait $first; one=$?
  wait $second; two=$?
  [ $((one + two)) = 1 ] || fail "round $round: the exit codes are $one and $two: $(cat "$work/said.1" "$work/said.2")"
  if [ $one = 0 ]; then runs=$lxcpath said=$work/said.2; else runs=$twins said=$work/said.1; fi
  grep -qE "container $runs/$name|another container with this name" "$said" || fail "round $round: the one that runs is not named: $(cat "$said")"
  check "round $round: the one that runs is broken" "$(program attach)" -P "$runs" -n "$name" -- /bin/true
  check "round $round: it did not stop" "$(program stop)" -k -P "$runs" -n "$name"
  left=$(cgroups)
  [ -z "$left" ] || fail "round $round: left behind: $left"
done
exit 0
