#!/bin/bash
# Between a container's user namespace and exec our processes have descriptors that lead to the host: who is root inside can
# neither see nor trace them, though it sees them among its processes.
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "it says how ours behave"
name=$klt-wh
container "$name" "lxc.net.0.type = empty" "lxc.mount.auto = proc" "lxc.idmap = u 0 100000 65536" "lxc.idmap = g 0 100000 65536" \
  "lxc.init.cmd = /init" "lxc.hook.start = /hook"
chmod 755 "$lxcpath" "$lxcpath/$name"
rootfs=$lxcpath/$name/rootfs
chmod 1777 "$rootfs/tmp"
cat >"$rootfs/hook" <<'E2'
#!/bin/sh
ls -l /proc/1/fd >/tmp/of-start 2>/tmp/refused-at-start
exit 0
E2
cat >"$rootfs/init" <<'E2'
#!/bin/sh
while :; do
  for process in /proc/[0-9]*; do
    case $process in /proc/1 | /proc/self) ;; *) ls -l "$process/fd" ;; esac
  done 2>/dev/null | grep -e 'socket:' -e pidfd >>/tmp/seen
  echo round >>/tmp/rounds
done
E2
chmod 755 "$rootfs/hook" "$rootfs/init"
k start -n "$name" || fail "it does not start"
started() { [ -s "$rootfs/tmp/rounds" ]; }
wait_for 10 started || fail "nobody looks"
for ((i = 0; i < 100 || $(wc -l <"$rootfs/tmp/rounds") <= 20; ++i)); do k attach -n "$name" -- /bin/true || fail "attach"; done
k stop -k -n "$name" || fail "stop"
[ ! -s "$rootfs/tmp/seen" ] || fail "descriptors of processes that attach were seen: $(sort "$rootfs/tmp/seen" | uniq -c | head)"
! grep -e '->' "$rootfs/tmp/of-start" || fail "a start hook saw those of its own start"
grep -q 'Permission denied' "$rootfs/tmp/refused-at-start" || fail "a start hook was not refused: $(cat "$rootfs/tmp/refused-at-start")"
exit 0
