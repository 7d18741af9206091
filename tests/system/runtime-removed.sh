#!/bin/bash
# Somebody removes the runtime directory of a container that runs: it runs on, stops, reboots, and leaves nothing; what cannot be
# known without the directory is said.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC keeps this elsewhere"
name=$klt-rr
printf '#!/bin/sh\necho "$LXC_HOOK_TYPE" >>%s\n' "$work/hooks" >"$work/hook"
chmod 755 "$work/hook"
container "$name" "lxc.net.0.type = veth" "lxc.net.0.flags = up" "lxc.hook.version = 1" "lxc.hook.post-stop = $work/hook" \
  "lxc.signal.reboot = SIGHUP" "lxc.log.file = $work/log" "lxc.log.level = WARN" "lxc.hook.stop = $work/hook" \
  "lxc.init.cmd = /bin/sh -c \"trap 'reboot -f' HUP; while :; do sleep 0.1; done\""
small() { ! grep -qE '/cgroup/[^/]+\.so$' "/proc/$monitor/maps"; }
start() {
  k start -n "$name" || fail "it does not start"
  init=$(k info -n "$name" -p -H)
  monitor=$(awk '/^PPid/{print $2}' "/proc/$init/status")
}
remove() { rm -rf "/run/keelson/${lxcpath//\//+}"; [ ! -e "/run/keelson/${lxcpath//\//+}/$name/journal" ] || fail "there is another runtime directory"; }

remember_host
start && remove
k stop -k -n "$name" || fail "stop, before it is watched"
host_is_as_it_was "stopped, before it is watched"

start
wait_for 10 small || fail "the monitor keeps its plugins"
remove
[ "$(k info -n "$name" -sH)" = RUNNING ] || fail "it is $(k info -n "$name" -sH)"
k freeze -n "$name" && [ "$(k info -n "$name" -sH)" = FROZEN ] && k unfreeze -n "$name" || fail "freeze"
wait_for 10 small || fail "the monitor keeps its plugins after a freeze"
"$KEELSON_BUILD/bin/keelson" attach -P "$lxcpath" -n "$name" -- true 2>"$work/said" && fail "attach does what it cannot"
grep -q "somebody removed" "$work/said" || fail "attach says: $(cat "$work/said")"
k stop -r -n "$name" -t 20 || fail "reboot"
[ "$(k info -n "$name" -sH)" = RUNNING ] || fail "rebooted, it is $(k info -n "$name" -sH)"
k attach -n "$name" -- true || fail "attach after a reboot, which makes the directory again"
wait_for 10 small || fail "the monitor keeps its plugins after a reboot"
remove
: >"$work/hooks"
k stop -k -n "$name" || fail "stop"
ran() { [ "$(tr '\n' ' ' <"$work/hooks")" = "stop post-stop " ]; }
wait_for 5 ran || fail "the hooks that ran: $(cat "$work/hooks")"
host_is_as_it_was "stopped"
# a slow one had not gone on as the small program when its directory went
! grep -E 'WARN|ERROR' "$work/log" | grep -v 'keeps its plugins' || fail "that was logged"
exit 0
