#!/bin/bash
# A process that the container itself has frozen, in a cgroup below its own: nothing that ends the container waits until it is
# thawed, though a frozen process of version 1 does not die of SIGKILL.
# also: cgroup2-only cgroup-legacy
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC waits until somebody thaws it"
name=$klt-fb
keelson=$KEELSON_BUILD/bin/keelson
container "$name" "lxc.net.0.type = empty" "lxc.init.cmd = /bin/sh -c \"trap 'exit 0' PWR; sleep 1000 & while :; do sleep 0.1; done\""

if [ -e /sys/fs/cgroup/freezer ]; then
  freezer=/sys/fs/cgroup/freezer file=freezer.state frozen=FROZEN
else
  freezer=/sys/fs/cgroup file=cgroup.freeze frozen=1
fi
own=$freezer/lxc.payload.$name/own
start() { # with one process frozen two levels below
  k start -n "$name" || fail "it does not start"
  init=$(k info -n "$name" -p -H)
  monitor=$(awk '/^PPid/{print $2}' "/proc/$init/status")
  sleeper() { sleeper=$(pgrep -P "$init" -f 'sleep 1000'); }
  wait_for 5 sleeper || fail "no process to freeze"
  mkdir -p "$own/deep" && echo "$sleeper" >"$own/deep/cgroup.procs" && echo $frozen >"$own/$file" || fail "nothing could be frozen"
  settled() { if [ $frozen = 1 ]; then grep -q 'frozen 1' "$own/cgroup.events"; else [ "$(cat "$own/$file")" = FROZEN ]; fi; }
  wait_for 5 settled || fail "it is not frozen"
}
small() { ! grep -qE '/cgroup/[^/]+\.so$' "/proc/$monitor/maps"; }
ended() { [ ! -e "/proc/$monitor" ]; }

remember_host
for how in "stop -k" "stop -k of a watched one" "stop" "recover" "end by itself"; do
  start
  case $how in
    "stop -k") within 10 "$(program stop)" -P "$lxcpath" -n "$name" -k ;;
    *watched*) wait_for 10 small || fail "the monitor keeps its plugins"
      within 10 "$(program stop)" -P "$lxcpath" -n "$name" -k ;;
    stop) within 20 "$(program stop)" -P "$lxcpath" -n "$name" -t 1 ;;
    recover) kill -KILL "$monitor"; wait_for 5 ended; within 10 "$keelson" recover | grep -q "$name" ;;
    *) kill -PWR "$init"  # its end waits for what is frozen; it can still be asked to stop
      sleep 0.5
      code=0; within 10 "$(program stop)" -P "$lxcpath" -n "$name" -k || code=$?
      [ $code = 0 ] || { [ $code = 2 ] && [ $frozen = 1 ]; } ;; # version 2 does not wait, and it has ended
  esac || fail "$how: exit code $?"
  [ "$(k info -n "$name" -s -H)" = STOPPED ] || fail "$how: it is $(k info -n "$name" -s -H)"
  host_is_as_it_was "$how"
done

start
within 20 "$(program destroy)" -P "$lxcpath" -n "$name" -f || fail "destroy -f"
[ ! -e "$lxcpath/$name" ] && [ ! -e "$own" ] || fail "destroy -f leaves something"
exit 0
