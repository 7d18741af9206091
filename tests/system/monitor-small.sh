#!/bin/bash
# A container that runs for longer than a moment is watched by a program without plugins, which goes back to the whole one for
# what takes them: same process, same answers, same connections, on the way there, there, and back.
# own-host
# timeout: 180
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC's monitor is one program"
name=$klt-ms
log=$work/log

monitor_of() { # NAME: the parent of init
  local pid; pid=$(k info -n "$1" -p -H) && awk '/^PPid/{print $2}' "/proc/$pid/status"
}
has_plugins() { grep -qE '/(cgroup|net|lsm|storage)/[^/]+\.so$' "/proc/$monitor/maps"; }
small() { [ -e "/proc/$monitor/maps" ] && ! has_plugins; }
becomes_small() { wait_for 10 small || fail "$1: the monitor keeps its plugins: $(cat "$log")"; }
state() { k info -n "$name" -s -H; }
ask() { # COMMAND [TEXT]: number and text of the answer, by the command socket
  python3 - "$lxcpath/$name" "$@" <<'P'
import socket, struct, sys
where, command, data = sys.argv[1], int(sys.argv[2]), (sys.argv[3].encode() + b"\0") if len(sys.argv) > 3 else b""
if command == 11:  # console_log: read all
    data = struct.pack("=BB6xQB7x", 0, 1, 0, 0)
connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
connection.settimeout(20)
connection.connect("\0" + where + "/command")
connection.sendall(struct.pack("=iiQ", command, len(data), 0) + data)
header = connection.recv(16, socket.MSG_WAITALL)
result, length, number = struct.unpack("=iiQ", header)
text = connection.recv(length, socket.MSG_WAITALL).rstrip(b"\0").decode() if length > 0 else ""
print(result, number, text.strip())
P
}
GET_STATE=3 GET_INIT_PID=4 GET_CLONE_FLAGS=5 GET_CGROUP=6 GET_CONFIG_ITEM=7 GET_NAME=8 GET_LXCPATH=9 CONSOLE_LOG=11
answers() { # all that both programs can tell
  local item
  ask $GET_STATE; ask $GET_INIT_PID; ask $GET_CLONE_FLAGS; ask $GET_NAME; ask $GET_LXCPATH
  for item in lxc.uts.name lxc.rootfs.path lxc.hook.stop lxc.net.0.type lxc.net.0.link lxc.net.0.veth.pair lxc.net.1.type lxc.net; do
    ask $GET_CONFIG_ITEM $item
  done
  ask $GET_CGROUP ""; ask $GET_CGROUP memory
}

printf '#!/bin/sh\nls -l /proc/self/fd | grep -v "[012] -> \|/proc/\|pipe:" >>%s\nenv | grep ^LXC_ | sort >>%s\necho "arguments: $*" >>%s\n' "$work/leaks" "$work/hooks" "$work/hooks" >"$work/hook"
chmod 755 "$work/hook"
init="lxc.init.cmd = /bin/sh -c \"echo first; trap 'echo asked; exit 0' TERM; trap 'exit 0' PWR; while :; do sleep 0.1; done\""
container "$name" "$init" "lxc.net.0.type = veth" "lxc.net.0.veth.pair = kltms0" "lxc.hook.stop = $work/hook" \
  "lxc.hook.post-stop = $work/hook" "lxc.tty.max = 2" "lxc.pty.max = 8" "lxc.console.buffer.size = 16kB" \
  "lxc.console.logfile = $work/console" "lxc.log.level = DEBUG" "lxc.log.file = $log"
remember_host

# Nobody can write to a program that runs through what a process shows of it (CVE-2019-5736).
written_through() { # PID: "found", and what can be changed, of its program and descriptors that lead to a program of ours
  python3 - "$1" "$KEELSON_BUILD" <<'P'
import glob, os, sys
ours = {(s.st_dev, s.st_ino) for path in (sys.argv[2] + "/lib/keelson/keelson", *glob.glob(sys.argv[2] + "/lib/keelson/monitor-*")) for s in [os.stat(path)]}
for path in [f"/proc/{sys.argv[1]}/exe", *glob.glob(f"/proc/{sys.argv[1]}/fd/*")]:
    try:
        status = os.stat(path)
        if (status.st_dev, status.st_ino) not in ours: continue
        print("found")
        os.chmod(path, status.st_mode & 0o7777)  # as to write, and not refused because it runs
        print("changed", path)
    except OSError as error:
        if error.errno not in (2, 30): print(path, error)  # gone, or read-only
P
}

# The same answers, and what the console printed before.
start() { k start -n "$name" -p "$work/pid" || fail "it does not start"; monitor=$(monitor_of "$name"); }
start
answers >"$work/before"
becomes_small "a moment later"
[ "$(cat "$work/pid")" = "$monitor" ] || fail "the pid file names another process"
[ "$(tr -d '\0' <"/proc/$monitor/cmdline")" = "[lxc monitor] $lxcpath $name" ] || fail "it is called $(tr '\0' ' ' <"/proc/$monitor/cmdline")"
[ "$(cat "/proc/$monitor/comm")" = "[lxc monitor] /" ] || fail "its short name is $(cat "/proc/$monitor/comm")"
[ "$(written_through "$monitor" | sort -u)" = found ] || fail "its program can be written: $(written_through "$monitor")"
[ "$(state)" = RUNNING ] || fail "it is $(state)"
k info -n "$name" | grep -q '^Link: *kltms0$' || fail "info shows no link: $(k info -n "$name")"
[ "$(ask $CONSOLE_LOG)" = "0 0 first" ] || fail "the console's buffer is: $(ask $CONSOLE_LOG)"
small || fail "info woke the whole program"
answers >"$work/after"
diff "$work/before" "$work/after" || fail "the answers differ"

# Waits and terminals are held from one program to the next; the container's own output goes on.
k wait -n "$name" -s STOPPED & waiting=$!
on_terminal --seconds 60 'Connected' '' 'asked' '' -- "$(program console)" -P "$lxcpath" -n "$name" -t 0 >"$work/console-seen" & console=$!
mkfifo "$work/type"
on_terminal --seconds 60 'Connected to tty 1' '' -- "$(program console)" -P "$lxcpath" -n "$name" -t 1 >"$work/tty-seen" & tty=$!
seen() { grep -q "$1" "$2"; }
tty_is_taken() { ! k console -n "$name" -t 1 </dev/null >/dev/null 2>&1; }
wait_for 5 tty_is_taken || fail "tty 1 is not taken"
becomes_small "with clients"
[ "$(k attach -n "$name" -- hostname)" = "$name" ] || fail "attach"
tty_is_taken || fail "the client of tty 1 is forgotten"
small || fail "attach woke the whole program"

# Frozen by a command, which takes the plugin; seen from the small program too, and when somebody else does it.
k freeze -n "$name" || fail "freeze"
[ "$(state)" = FROZEN ] || fail "frozen, it is $(state)"
becomes_small "frozen"
[ "$(state)" = FROZEN ] || fail "frozen and watched, it is $(state)"
k unfreeze -n "$name" || fail "unfreeze"
[ "$(state)" = RUNNING ] || fail "thawed, it is $(state)"
becomes_small "thawed"

# A signal to the monitor is one to init; its end wakes the whole program, which runs the hooks and takes everything back.
kill -HUP "$monitor"
wait $waiting || fail "the wait that was held did not see the end"
wait $console || fail "the console that was held: $(cat "$work/console-seen")"
wait $tty || fail "the terminal that was held: $(cat "$work/tty-seen")"
grep -q asked "$work/console" || fail "the console's log lacks what came last: $(cat "$work/console")"
[ "$(grep -c first "$work/console")" = 1 ] || fail "the console's log was begun anew: $(cat "$work/console")"
ended() { [ ! -e "/proc/$monitor" ]; }
wait_for 5 ended || fail "the monitor outlives the container"
grep -q "LXC_HOOK_TYPE=\|^arguments: $name lxc stop " "$work/hooks" || fail "no stop hook: $(cat "$work/hooks")"
grep -q "^arguments: $name lxc post-stop" "$work/hooks" || fail "no post-stop hook: $(cat "$work/hooks")"
for variable in LXC_NAME=$name LXC_TARGET=stop "LXC_CONFIG_FILE=$lxcpath/$name/config" LXC_PID= LXC_NET_NS=/proc/$monitor/; do
  grep -q "^$variable" "$work/hooks" || fail "hooks lack $variable: $(cat "$work/hooks")"
done
! grep -e '->' "$work/leaks" || fail "hooks inherit descriptors"
host_is_as_it_was "watched, then ended by a signal"
! grep -E 'WARN|ERROR' "$log" || fail "that was logged"

# Stopped, killed, killed while frozen, or when somebody has removed its cgroups; and again when nobody sees it off.
is_removed() { # CGROUP
  local pid
  for pid in $(cat "$1/cgroup.procs"); do echo "$pid" 2>/dev/null >"$(dirname "$1")/cgroup.procs"; done
  rmdir "$1" 2>/dev/null
}
remove_cgroups() {
  local cgroup
  for cgroup in $(find /sys/fs/cgroup -maxdepth 3 -type d -name "lxc.payload.$name"); do
    wait_for 5 is_removed "$cgroup" || return
  done
}
for how in "stop -t 10" "stop -k" frozen removed recover; do
  start
  becomes_small "before $how"
  case $how in
    frozen) k freeze -n "$name" && becomes_small frozen && k stop -k -n "$name" || fail "stop -k of a frozen container" ;;
    removed)
      init=$(k info -n "$name" -p -H)
      remove_cgroups && [ "$(state)" = RUNNING ] && k stop -k -n "$name" || { kill -KILL "$init"; fail "without cgroups it does not stop"; }
      ;;
    recover) kill -KILL "$monitor"; wait_for 5 ended; "$KEELSON_BUILD/bin/keelson" recover | grep -q "$name" || fail "recover does not find it" ;;
    *) k $how -n "$name" || fail "$how" ;;
  esac
  [ "$(state)" = STOPPED ] || fail "after $how it is $(state)"
  host_is_as_it_was "watched, then $how"
done

# It boots again by itself, and is watched again.
reboots=$klt-rb
container "$reboots" "lxc.net.0.type = empty" "lxc.signal.reboot = SIGTERM" "lxc.ephemeral = 1" "lxc.log.level = DEBUG" "lxc.log.file = $log"
name=$reboots
remember_host
start
for round in 1 2; do
  becomes_small "before reboot $round"
  first=$(k info -n "$name" -p -H)
  k stop -r -n "$name" -t 20 || fail "reboot $round"
  [ "$(k info -n "$name" -p -H)" != "$first" ] || fail "reboot $round did not start a new init"
  [ "$(monitor_of "$name")" = "$monitor" ] || fail "reboot $round changed the monitor"
  leaked=$(find "/proc/$(k info -n "$name" -p -H)/fd" -type l ! -name 0 ! -name 1 ! -name 2 -printf '%f %l\n')
  [ -z "$leaked" ] || fail "init inherits after reboot $round: $leaked"
done
becomes_small "after the reboots"
k stop -k -n "$name" || fail "stop -k after reboots"
wait_for 5 ended
[ ! -e "$lxcpath/$name" ] || fail "the ephemeral container is still there"

# A whole program that cannot load its plugins any more goes back to watching; who asked hears of it, the container runs on.
mkdir -p "$work/other/bin" "$work/other/lib/keelson"
cp -P "$KEELSON_BUILD/bin/keelson" "$KEELSON_BUILD/bin/lxc-start" "$work/other/bin"
cp -r "$KEELSON_BUILD"/lib/keelson/{keelson,plugins,rootfs,monitor-*} "$work/other/lib/keelson"
start_other() {
  : >"$log"
  "$work/other/bin/lxc-start" -P "$lxcpath" -n "$name" -l WARN -o "$log" || fail "$1: it does not start"
  monitor=$(monitor_of "$name")
}
away() { mv "$work/other/lib/keelson/plugins" "$work/other/lib/keelson/away"; }
back() { mv "$work/other/lib/keelson/away" "$work/other/lib/keelson/plugins"; }
name=$klt-wh
container "$name" "lxc.net.0.type = empty"
remember_host
start_other "plugins gone"
becomes_small "plugins gone"
away
[ "$(ask $GET_CGROUP memory)" = "-11 0 " ] || fail "without plugins, it says $(ask $GET_CGROUP memory)"
grep -q 'cannot do more than watch' "$log" || fail "nothing is said of plugins that are gone: $(cat "$log")"
[ "$(state)" = RUNNING ] || fail "without plugins, it is $(state)"
[ "$(monitor_of "$name")" = "$monitor" ] || fail "without plugins, the monitor is another"
becomes_small "still without plugins"
back
ask $GET_CGROUP memory | grep -q "^0 0 .*$name" || fail "with plugins again, it says $(ask $GET_CGROUP memory)"
becomes_small "with plugins again"
away
k stop -k -n "$name"
wait_for 5 ended || fail "without plugins, the monitor does not end"
back
k info -n "$name" -s -H | grep -q STOPPED || fail "without plugins, it did not stop"
host_is_as_it_was "ended without its plugins, and recovered"

# Without the memory that the whole program begins with the small one watches on, until there is some.
may_take() { prlimit --pid "$monitor" --as="$1:"; }
start_other "no memory"
becomes_small "no memory"
may_take $(($(awk '/^VmSize/ {print $2}' "/proc/$monitor/status") * 1024 + (1 << 20)))
[ "$(ask $GET_CGROUP memory)" = "-11 0 " ] || fail "without memory, it says $(ask $GET_CGROUP memory)"
[ "$(state)" = RUNNING ] && [ "$(monitor_of "$name")" = "$monitor" ] || fail "without memory, it is $(state)"
kill -KILL "$(k info -n "$name" -p -H)"
told() { grep -q 'get memory for' "$log"; }
wait_for 5 told || fail "nothing is said of memory that is missing: $(cat "$log")"
may_take unlimited
wait_for 5 ended || fail "with memory again, the monitor does not see off what has ended"
host_is_as_it_was "ended without memory"

# Where the small program is not to be trusted, or is not there, the whole one goes on, and says so once.
for flaw in untrusted missing; do
  case $flaw in
    untrusted) chmod go+w "$work"/other/lib/keelson/monitor-* ;;
    missing) rm "$work"/other/lib/keelson/monitor-* ;;
  esac
  start_other "$flaw"
  warned() { grep -q 'the monitor keeps its plugins in memory' "$log"; }
  wait_for 10 warned || fail "$flaw: no warning"
  has_plugins || fail "$flaw: the small program runs"
  [ "$(state)" = RUNNING ] || fail "$flaw: it is $(state)"
  sleep 1.5
  [ "$(grep -c 'keeps its plugins' "$log")" = 1 ] || fail "$flaw: it warns again and again"
  k stop -k -n "$name" || fail "$flaw: stop"
done
