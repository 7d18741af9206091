#!/bin/bash
# Cgroups that the container's root has made so deep that their paths are longer than the kernel takes: the container can be
# stopped, recovered and started again all the same, and nothing of it is left.
# also: cgroup2-only cgroup-legacy
# own-host
# timeout: 60
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC leaves such cgroups"
command -v python3 >/dev/null || skip "python3 is not installed"
name=$klt-deep
keelson=$KEELSON_BUILD/bin/keelson
container "$name" "lxc.net.0.type = empty" "lxc.init.cmd = /bin/sleep 1000"
if [ -e /sys/fs/cgroup/freezer ]; then top=/sys/fs/cgroup/freezer; else top=/sys/fs/cgroup; fi
start() { # with a process of the container at the end of a path of 10000 letters
  k start -n "$name" || fail "$1: it does not start"
  init=$(k info -n "$name" -p -H)
  monitor=$(awk '/^PPid/{print $2}' "/proc/$init/status")
  k attach -n "$name" -- /bin/sleep "10000$$" &
  sleeper() { sleeper=$(pgrep -f "^/bin/sleep 10000$$" -n); }
  wait_for 5 sleeper || fail "$1: no process to hide"
  python3 - "$top/lxc.payload.$name" "$sleeper" <<'END' || fail "$1: nothing was made"
import os, sys
os.chdir(sys.argv[1])
for level in range(40):
    os.mkdir("n" * 250)
    os.chdir("n" * 250)
open("cgroup.procs", "w").write(sys.argv[2])
END
}
ended() { [ ! -e "/proc/$monitor" ]; }

remember_host
start stop
within 20 "$(program stop)" -P "$lxcpath" -n "$name" -k || fail "stop: exit code $?"
wait
host_is_as_it_was "after stop"
start recover
kill -KILL "$monitor"
wait_for 5 ended
within 20 "$keelson" recover | grep -q "$name" || fail "recover did not take it back"
wait
host_is_as_it_was "after recover"
start "once more"
within 20 "$(program destroy)" -P "$lxcpath" -n "$name" -f || fail "destroy: exit code $?"
wait
host_is_as_it_was "after destroy"
exit 0
