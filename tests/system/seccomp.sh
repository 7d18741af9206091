#!/bin/bash
# A policy file filters the system calls of a container and of what attaches to it, the second time from the cache.
. "$(dirname "$0")/../support/system.sh"
policy=$work/policy
printf '2\ndenylist\nreject_force_umount\n[all]\nmkdir errno 42\nmkdirat errno 42\nkexec_load errno 1\n' >"$policy"
container filtered "lxc.net.0.type = empty" "lxc.seccomp.profile = $policy" "lxc.mount.auto = proc:rw"
for round in first second; do
  check "the $round start failed" k start -n filtered
  filters=$(k attach -n filtered -- /bin/sed -n 's/^Seccomp:[^0-9]*//p' /proc/1/status)
  [ "$filters" = 2 ] || fail "init of the $round start has no filter: '$filters'"
  k attach -n filtered -- /bin/mkdir /tmp/made 2>/dev/null && fail "mkdir was not denied after the $round start"
  check "what no rule names is denied" k attach -n filtered -- /bin/touch /tmp/touched
  check "it did not stop" k stop -k -n filtered
done

echo 'read allow' >>"$policy"
k start -n filtered 2>/dev/null && fail "started with a bad policy"
exit 0
