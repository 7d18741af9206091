# An ordinary user's container in the cgroup delegated to that user: its ids, and limits that bite.
# unprivileged-user.sh and unprivileged-session.sh say how the user comes by the cgroup, and their own_cgroup runs a
# command in a new one: LXC wants each start in a cgroup with nothing else in it.
# Runs as root first, then, started again with "as-user", as the user.

user=tester memory=67108864

as_the_user() { # in $work, which the user may write to
  check "the container did not start" own_cgroup "$(program start)" -P "$lxcpath" -n limited
  wait_for 30 running || fail "the container is not running"

  local id pid cgroup
  id=$(inside /bin/sh -c 'echo $(id -u) $(cat /proc/self/uid_map)')
  [ "$id" = "0 0 $KEELSON_TEST_IDS 65536" ] || fail "inside, id and uid_map are '$id'"
  pid=$(k info -n limited -p -H)
  [ "$(stat -c %u "/proc/$pid")" = "$KEELSON_TEST_IDS" ] || fail "init is not the first subordinate id outside"
  cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
  case $cgroup in $KEELSON_TEST_CGROUP/*) ;; *) fail "the container is in $cgroup, not in the user's cgroup" ;; esac
  [ "$(cat "$cgroup/memory.max")" = $memory ] || fail "memory.max is $(cat "$cgroup/memory.max")"
  [ "$(cat "$cgroup/pids.max")" = 20 ] || fail "pids.max is $(cat "$cgroup/pids.max")"

  inside /bin/sh -c 'head -c 200m /dev/zero | tail >/dev/null' 2>&1
  grep -q '^oom_kill [1-9]' "$cgroup/memory.events" || fail "200 MiB fit into 64: $(cat "$cgroup/memory.events")"
  inside /bin/sh -c 'for i in $(seq 40); do sleep 5 & done; wait' 2>&1 | head -n 2
  grep -q '^max [1-9]' "$cgroup/pids.events" || fail "40 processes fit into 20: $(cat "$cgroup/pids.events")"

  check "the container did not stop" k stop -n limited -k
  wait_for 10 gone "$cgroup" || fail "the cgroup $cgroup was left behind"
  [ "${KEELSON_AS:-}" = lxc ] || start_both
}

# By one command, which is in no user namespace when it comes to the second. Without limits: it is in the cgroup itself, so no
# controller can be enabled below (cgroups(7), no internal processes).
start_both() {
  local name
  sed -i /cgroup2/d "$lxcpath"/*/config
  check "autostart failed" own_cgroup "$(program autostart)" -P "$lxcpath" -A
  for name in limited second; do
    [ "$(k info -n $name -s -H)" = RUNNING ] || fail "autostart: $name is $(k info -n $name -s -H)"
    check "$name did not stop" k stop -n $name -k
  done
}

inside() { own_cgroup "$(program attach)" -P "$lxcpath" -n limited -- "$@"; }
gone() { [ ! -e "$1" ]; }
running() { [ "$(k info -n limited -s -H)" = RUNNING ]; }

as_root() { # SESSION: --session or nothing
  local ids code
  command -v newuidmap >/dev/null || skip "newuidmap is not installed"
  as_user "$@" true || fail "no user $user"
  ids=$(sed -n "s/^$user:\([0-9]*\):.*/\1/p" /etc/subuid)
  container limited "lxc.net.0.type = empty" "lxc.mount.auto = proc:mixed" \
    "lxc.idmap = u 0 $ids 65536" "lxc.idmap = g 0 $ids 65536" \
    "lxc.apparmor.profile = unconfined" "lxc.log.file = $work/log" "lxc.log.level = DEBUG" \
    "lxc.cgroup2.memory.max = $memory" "lxc.cgroup2.memory.swap.max = 0" "lxc.cgroup2.pids.max = 20"
  mkdir "$lxcpath/second"
  cp -a "$lxcpath/limited/rootfs" "$lxcpath/second/rootfs"
  sed s/limited/second/ "$lxcpath/limited/config" >"$lxcpath/second/config"
  chown -R "$ids:$ids" "$lxcpath"/*/rootfs
  chown "$user:" "$work" "$lxcpath" "$lxcpath"/* "$lxcpath"/*/config
  KEELSON_TEST_IDS=$ids KEELSON_TEST_WORK=$work as_user "$@" /bin/bash "$0" as-user || { code=$?; grep -sE 'ERROR|WARN' "$work/log"; exit $code; }
}

as_user() {
  local session=(); [ "$1" != --session ] || { session=(--session); shift; }
  "$support/../vm/guest/as-user" "${session[@]}" "$user" -- "$@"
}
