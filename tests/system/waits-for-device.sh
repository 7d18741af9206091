#!/bin/bash
# A process of the container waits for a device and can be neither frozen nor killed: the monitor goes on serving, whoever
# asked hears in the end, and all goes on when the device does.
# own-host
# timeout: 200
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC's monitor waits, and so does who asks it"
name=$klt-wd
throttle=/sys/fs/cgroup/blkio/lxc.payload.$name/blkio.throttle.read_bps_device
state() { within 5 "$(program info)" -P "$lxcpath" -n "$name" -sH; }

[ -e /sys/fs/cgroup/blkio/blkio.throttle.read_bps_device ] || skip "nothing here makes a device slow"
truncate -s 1M "$work/image" && loop=$(losetup -f --show "$work/image") || fail "no device"
at_end losetup -d "$loop"
container "$name" "lxc.net.0.type = empty" "lxc.mount.entry = $loop disk none bind,create=file" \
  "lxc.init.cmd = /bin/sh -c \"while :; do [ ! -e /go ] || { rm /go; dd if=/disk of=/dev/null bs=4096 count=1 iflag=direct; }; sleep 0.05; done\""
slow() { echo "$(cat "/sys/block/${loop#/dev/}/dev") $1" >"$throttle"; } # BYTES a second; 0: as fast as it is
block() {
  slow 1 && touch "$lxcpath/$name/rootfs/go" || fail "the device is not slow"
  waiting() { grep -qs '^State:.D' /proc/$(pgrep -P "$init" dd)/status; }
  wait_for 5 waiting || fail "nobody waits for the device"
}
start() {
  k start -n "$name" || fail "it does not start"
  init=$(k info -n "$name" -p -H)
}

remember_host
start
block
"$(program freeze)" -P "$lxcpath" -n "$name" >"$work/first" 2>&1 & first=$!
freezing() { [ "$(state)" = FREEZING ]; }
wait_for 5 freezing || fail "while it is frozen it is '$(state)'"
within 10 "$(program unfreeze)" -P "$lxcpath" -n "$name" || fail "unfreeze"
wait $first && fail "a freeze that was taken back says that it froze"
grep -qi 'canceled' "$work/first" || fail "it does not say why: $(cat "$work/first")"
"$(program freeze)" -P "$lxcpath" -n "$name" & second=$!
wait_for 5 freezing || fail "frozen again it is '$(state)'"
slow 0
wait $second || fail "freeze, once it can be done"
[ "$(state)" = FROZEN ] || fail "frozen, it is $(state)"
k unfreeze -n "$name" && [ "$(state)" = RUNNING ] || fail "thawed, it is $(state)"

block
"$(program freeze)" -P "$lxcpath" -n "$name" 2>/dev/null & third=$!
wait_for 5 freezing || fail "frozen once more it is '$(state)'"
timeout 90 "$(program stop)" -P "$lxcpath" -n "$name" -k 2>"$work/said"; code=$?
[ $code = 1 ] || fail "stop -k: exit code $code"
grep -q 'does not die' "$work/said" || fail "stop -k does not say why: $(cat "$work/said")"
[ "$(state)" = RUNNING ] || fail "not dead, it is $(state)"
slow 0
wait $third && fail "a freeze of what was stopped says that it froze"
k wait -n "$name" -s STOPPED -t 30 || fail "it does not end when it can"
host_is_as_it_was "stopped"
exit 0
