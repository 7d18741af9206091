#!/bin/bash
# The hooks (clone: see copy.sh) and the network scripts, in both versions: their order, arguments, environment and the namespaces they run
# in, side by side with what LXC's own runtime gives them.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
ip link add name kltbr0 type bridge && ip link set kltbr0 up || fail "no bridge"
name=$klt-h

# One line for each hook that ran. Paths and pids that differ from start to start get names.
cat >"$work/hook" <<'H'
#!/bin/sh
{
  printf 'hook'; printf ' [%s]' "$@"; echo
  env | grep -E '^LXC_' | grep -v '^LXC_LOG_LEVEL=' | sort
  [ "$(readlink /proc/self/ns/mnt)" = "$HOST_MNT" ] && echo mnt=host || echo mnt=container
  [ "$(readlink /proc/self/ns/net)" = "$HOST_NET" ] && echo net=host || echo net=container
  [ "$(readlink /proc/self/ns/pid)" = "$HOST_PID" ] && echo pid=host || echo pid=container
  [ ! -d "$LXC_ROOTFS_MOUNT/proc/1" ] && echo tree=no || echo tree=mounted
  [ -z "$LXC_MNT_NS" ] || { [ -e "$LXC_MNT_NS" ] && echo ns=open || echo ns=closed; }
} >>"${HOOK_LOG:-/hook.log}"
H
chmod 755 "$work/hook"

make() { # VERSION
  container "$name" "lxc.hook.version = $1" "lxc.mount.auto = proc:rw sys:rw" \
    "lxc.net.0.type = veth" "lxc.net.0.link = kltbr0" "lxc.net.0.flags = up" "lxc.net.0.veth.pair = kltv0" \
    "lxc.net.0.script.up = $work/hook up-word" "lxc.net.0.script.down = $work/hook" \
    "lxc.net.1.type = empty" "lxc.net.1.flags = up" "lxc.net.1.script.up = $work/hook" \
    "lxc.hook.pre-start = $work/hook a 'b c'" "lxc.hook.pre-start = $work/hook second" \
    "lxc.hook.pre-mount = $work/hook" "lxc.hook.mount = $work/hook" "lxc.hook.autodev = $work/hook" \
    "lxc.hook.start = /hook" "lxc.hook.start-host = $work/hook" "lxc.hook.stop = $work/hook" \
    "lxc.hook.post-stop = $work/hook" "lxc.hook.destroy = $work/hook"
  sed 's|${HOOK_LOG:-/hook.log}|/hook.log|' "$work/hook" >"$lxcpath/$name/rootfs/hook"
  chmod 755 "$lxcpath/$name/rootfs/hook"
}

# Two differences are meant. In LXC the variables of a network script stay for the hooks after it and for the scripts of
# other devices; and its destroy hooks are told two facts less than all others.
normal() {
  awk '/^hook/ {
      net = /\[veth\]/ ? "VERSION|TYPE|PARENT|PEER" : /\[empty\]/ ? "TYPE" : "none"
      destroy = /\[destroy\]/ || $0 == "hook []"
    }
    /^LXC_NET_(TYPE|PARENT|PEER)=/ && $0 !~ "^LXC_NET_(" net ")=" {next}
    destroy && /^LXC_(CGNS_AWARE|HOOK_VERSION)=/ {next}
    {print}' |
    sed -E "s|/proc/[0-9]+/fd/[0-9]+|/proc/MONITOR/fd/N|g; s|LXC_PID=[0-9]+|LXC_PID=N|; s|$name|NAME|g; s|LXC_ROOTFS_MOUNT=.*/rootfs\$|LXC_ROOTFS_MOUNT=WHERE|"
}

life() { # RUNTIME VERSION LOG
  export KEELSON_AS=$1 HOOK_LOG=$work/raw
  : >"$HOOK_LOG"
  make "$2"
  k start -n "$name" 2>"$work/err" || fail "$1, version $2: it does not start: $(cat "$work/err")"
  k stop -k -n "$name"
  stopped() { grep -q post-stop "$HOOK_LOG" && ! processes_of_the_test | grep -q .; }
  wait_for 5 stopped || fail "$1, version $2: no post-stop hook ran: $(cat "$HOOK_LOG")"
  cat "$lxcpath/$name/rootfs/hook.log" >>"$HOOK_LOG"
  k destroy -n "$name" || fail "$1, version $2: destroy"
  normal <"$HOOK_LOG" >"$3"
  KEELSON_AS=$was
}

was=${KEELSON_AS:-}
HOST_MNT=$(readlink /proc/self/ns/mnt) HOST_NET=$(readlink /proc/self/ns/net) HOST_PID=$(readlink /proc/self/ns/pid)
export HOST_MNT HOST_NET HOST_PID
remember_host
for version in 0 1; do
  life "$was" $version "$work/ours.$version"
  [ "$(grep -c '^hook' "$work/ours.$version")" = 13 ] || fail "version $version: not 13 calls: $(grep '^hook' "$work/ours.$version")"
done
host_is_as_it_was "after the hooks"
grep -qF 'hook [a] [b c] [NAME] [lxc] [pre-start]' "$work/ours.0" || fail "the arguments of version 0: $(grep ^hook "$work/ours.0")"
grep -q '^LXC_HOOK_TYPE=post-stop$' "$work/ours.1" || fail "version 1 has no LXC_HOOK_TYPE"

# a hook that fails at any stage ends the start, and stop and post-stop still run
for stage in pre-start pre-mount mount autodev start start-host; do
  container "$name" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw" "lxc.hook.$stage = /bin/false" \
    "lxc.hook.stop = /bin/sh -c 'echo stop >>$work/ran' x" "lxc.hook.post-stop = /bin/sh -c 'echo post-stop >>$work/ran' x"
  rm -f "$work/ran"
  k start -n "$name" >"$work/out" 2>&1 && fail "it starts although the hook $stage fails"
  done_with() { grep -qs post-stop "$work/ran"; }
  wait_for 5 done_with || fail "$stage: post-stop did not run"
  grep -q '^stop' "$work/ran" || fail "$stage: stop did not run"
  [ "${KEELSON_AS:-}" = lxc ] || grep -q "$stage" "$work/out" || fail "$stage: the error does not name it: $(cat "$work/out")"
  rm -rf "${lxcpath:?}/$name"
  host_is_as_it_was "after the hook $stage failed"
done

# a stop hook that is alone has every namespace of the container, also those that it made itself
container "$name" "lxc.hook.version = 1" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw" "lxc.hook.stop = $work/namespaces"
printf '#!/bin/sh\nfor v in "$LXC_MNT_NS" "$LXC_NET_NS" "$LXC_CGROUP_NS"; do readlink "$v"; done >%s/seen\n' "$work" >"$work/namespaces"
chmod 755 "$work/namespaces"
k start -n "$name" || fail "with a stop hook alone it does not start"
pid=$(k info -n "$name" -p -H)
for one in mnt net cgroup; do readlink "/proc/$pid/ns/$one"; done >"$work/wanted"
k stop -k -n "$name"
seen() { [ "$(wc -l <"$work/seen")" = 3 ]; }
wait_for 5 seen || fail "the stop hook did not run"
diff "$work/wanted" "$work/seen" || fail "a stop hook alone does not see the container's namespaces (< wanted, > seen)"
rm -rf "${lxcpath:?}/$name"

# nobody waits for what a hook has left behind; with LXC everybody does
if [ "${KEELSON_AS:-}" != lxc ]; then
  container "$name" "lxc.net.0.type = empty" "lxc.hook.pre-start = $work/daemon"
  printf '#!/bin/sh\necho before\nsleep 1000 &\necho $! >%s/left\n' "$work" >"$work/daemon"
  chmod 755 "$work/daemon"
  within 20 "$(program start)" -P "$lxcpath" -n "$name" || fail "a start waits for what its hook has left behind"
  kill "$(cat "$work/left")" || fail "what a hook has left behind is gone"
  k stop -k -n "$name"
  printf '#!/bin/sh\nsleep 1000 &\necho $! >%s/left\necho its-last-word; exit 3\n' "$work" >"$work/daemon"
  within 20 "$(program start)" -P "$lxcpath" -n "$name" 2>"$work/err" && fail "it starts although its hook failed"
  grep -q its-last-word "$work/err" || fail "what a hook said is lost: $(cat "$work/err")"
  kill "$(cat "$work/left")"
  rm -rf "${lxcpath:?}/$name"
fi

# who waits for the end waits for post-stop: what comes next may need what it takes away
printf '#!/bin/sh\nsleep 1\necho done >>%s/slow\n' "$work" >"$work/slow-hook"
chmod 755 "$work/slow-hook"
container "$name" "lxc.net.0.type = empty" "lxc.hook.post-stop = $work/slow-hook" "lxc.signal.halt = SIGKILL"
for how in "stop -k" "stop -t 20" "destroy -f"; do
  rm -f "$work/slow"
  k start -n "$name" || fail "with a slow hook post-stop it does not start"
  k $how -n "$name" || fail "with a slow hook post-stop: $how"
  [ -e "$work/slow" ] || fail "$how does not wait for the hook post-stop"
done

# one that fails when it ends is reported, and the stop succeeds
container "$name" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw" "lxc.hook.stop = /bin/false" "lxc.hook.post-stop = /bin/false" \
  "lxc.log.file = $work/log"
k start -n "$name" 2>"$work/err" || fail "with failing stop hooks: it does not start: $(cat "$work/err")"
k stop -k -n "$name" || fail "a stop hook that fails makes the stop fail"
reported() { grep -q 'ERROR.*stop.*hook' "$work/log" && grep -q 'ERROR.*post-stop' "$work/log"; }
wait_for 5 reported || fail "the stop hooks that failed are not reported: $(cat "$work/log")"
[ "$(k info -n "$name" -s -H)" = STOPPED ] || fail "with failing stop hooks: it is $(k info -n "$name" -s -H)"
grep -q WARN "$work/log" && fail "lxc.log.file has more than lxc.log.level lets it have: $(cat "$work/log")"
host_is_as_it_was "after the hooks stop and post-stop failed"
# and one that fails after it keeps the container from booting again
k start -n "$name" || fail "it does not start again"
k attach -n "$name" -- reboot -f
ended() { [ "$(k info -n "$name" -s -H)" = STOPPED ]; }
wait_for 10 ended || fail "the hook post-stop failed, and after a reboot it is $(k info -n "$name" -s -H)"
sleep 0.5
ended || fail "the hook post-stop failed, and it boots again all the same"
# and one of destroy prevents it
echo "lxc.hook.destroy = /bin/sh -c '[ -e $work/may-go ]' x" >>"$lxcpath/$name/config"
k destroy -n "$name" 2>"$work/err" && fail "it is destroyed although the hook destroy fails"
[ "${KEELSON_AS:-}" = lxc ] || grep -q 'destroy hook ended with status 1' "$work/err" || fail "destroy: the error does not name the hook: $(cat "$work/err")"
[ -e "$lxcpath/$name/rootfs/bin/busybox" ] && [ -e "$lxcpath/$name/config" ] || fail "the hook destroy failed, and something is gone"
touch "$work/may-go"
k destroy -n "$name" && [ ! -e "$lxcpath/$name" ] || fail "it is not destroyed although the hook destroy lets it"

[ "$was" != lxc ] && command -v lxc-start >/dev/null || exit 0
for version in 0 1; do
  life lxc $version "$work/lxc.$version"
  diff -U6 "$work/lxc.$version" "$work/ours.$version" || fail "version $version differs (< LXC, > ours)"
done
