#!/bin/bash
# Keys of the console, terminals and log: what the container sees, what comes out on the host. (LXC 5.0.2 loses the end of a
# console's output now and then.)
# own-host
# also: nothing
. "$(dirname "$0")/../support/system.sh"
. "$support/config_table.sh"
name=$klt-c

# Terminals. The console's peer is a terminal of the host (for LXC it has to be one).
python3 - "$work/peer" >"$work/peer-name" <<'P' &
import os, sys
master, slave = os.openpty()
print(os.ttyname(slave), flush=True)
while True:
    with open(sys.argv[1], "ab") as file: file.write(os.read(master, 4096))
P
at_end kill $!
has_peer() { [ -s "$work/peer-name" ]; }
wait_for 5 has_peer
devices="ls /dev | grep -E '^(tty[0-9]|console|lxc|ptmx|pts)\$' | tr '\n' ' '"
line "lxc.mount.auto = proc:rw"
not_cleared="$not_cleared
lxc.mount.auto"
row "lxc.tty.max = 2" "$devices" "console lxc ptmx pts tty1 tty2 " "console pts "
row "lxc.tty.dir = lxc" 'ls /dev/lxc | tr "\n" " "; readlink /dev/tty1' "console tty1 tty2 lxc/tty1" "ls: /dev/lxc: No such file or directory"
row "lxc.pty.max = 8" "grep -c ' /dev/pts .*[,]max=10' /proc/mounts" 1 0
row "lxc.console.path = $(cat "$work/peer-name")" "[ -c /dev/console ] && echo to-the-peer >/dev/console && echo said" said said
# In the background, LXC 5.0.2 gives init the console only when that is of the container's devpts.
terminal=terminal
[ "${KEELSON_AS:-}" != lxc ] || terminal=
row "lxc.console.logfile = $work/console.log" '[ ! -t 0 ] || echo terminal' terminal "$terminal"
look "$name" -l DEBUG -o "$work/log"
printed_on() { grep -qs "^to-the-peer" "$1"; }
wait_for 5 printed_on "$work/peer" || differs "lxc.console.path: $(cat "$work/peer" 2>&1)"
wait_for 5 printed_on "$work/console.log" || differs "lxc.console.logfile: $(cat "$work/console.log" 2>&1)"
[ "$(grep -c to-the-peer "$work/peer" "$work/console.log")" = "$work/peer:1
$work/console.log:1" ] || differs "the container with cleared keys wrote to the host: $(grep -c to-the-peer "$work/peer" "$work/console.log")"
[ "$(stat -c %a "$work/console.log")" = 600 ] || differs "lxc.console.logfile has the mode $(stat -c %a "$work/console.log")"
k stop -k -n "$name"

ask() { # EXPECTED WHAT ACTUAL
  asked=$((asked + 1))
  [ "$3" = "$1" ] || differs "$2: '$3', not '$1'"
}
container "$name-none" "lxc.console.path = none" "lxc.init.cmd = /bin/sh -c ls" "lxc.execute.cmd = /bin/ls /dev/console"
ask "ls: /dev/console: No such file or directory" "lxc.console.path = none" "$(k execute -n "$name-none" 2>&1)"

# The log file's size and the buffer: 9000 bytes, which come in lines of ten.
print_console_log() { # NAME: what the monitor kept in memory, by its command socket
  python3 - "$lxcpath/$1/command" <<'P'
import socket, struct, sys
to = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
to.connect("\0" + sys.argv[1])
data = struct.pack("??xxxxxxQ?xxxxxxx", False, True, 0, False)
credentials = struct.pack("iii", __import__("os").getpid(), 0, 0)
to.sendmsg([struct.pack("iiQ", 11, len(data), 0)], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)])
to.send(data)
result, length, _ = struct.unpack("iiQ", to.recv(16, socket.MSG_WAITALL))
sys.stdout.write(to.recv(length, socket.MSG_WAITALL).decode() if length > 0 else "nothing (%d)" % result)
P
}
container "$name-size" "lxc.init.cmd = /bin/sh /print" "lxc.console.logfile = $work/sized"
echo 'i=0; while [ $i -lt 900 ]; do printf "%08d\n" $i; i=$((i + 1)); done >/dev/console; while :; do sleep 1000; done' >"$lxcpath/$name-size/rootfs/print"
printed() { # OPTION...
  rm -f "$work/sized" "$work/sized.1"
  k start -n "$name-size" "$@" || fail "it does not start with $*"
  all_out() { [ "$(tail -n 1 "$work/sized" 2>/dev/null)" = 00000899$'\r' ]; }
  wait_for 10 all_out || fail "the console's log does not end with the last line, with $*: $(sizes)"
}
sizes() { stat -c '%n %s' "$work/sized"* | sed "s|$work/||" | tr '\n' ' '; }
printed -s "lxc.console.size = 4096" -s "lxc.console.size ="
ask "sized 9000 " "lxc.console.size cleared" "$(sizes)"
k stop -k -n "$name-size"
printed -s "lxc.console.size = 4KB" -s lxc.console.rotate=1 -s lxc.console.buffer.size=auto
ask 9000 "lxc.console.buffer.size = auto keeps" "$(print_console_log "$name-size" | wc -c)"
ask "sized 808 sized.1 4096 " "lxc.console.rotate = 1" "$(sizes)"
k stop -k -n "$name-size"
printed -s "lxc.console.size = 4 kb" -s lxc.console.buffer.size=1
ask "sized 808 " "lxc.console.size alone" "$(sizes)"
kept=$(print_console_log "$name-size" | tr -d '\r' | tail -c 9)
ask 00000899 "the end of what lxc.console.buffer.size = 1 keeps" "$kept"
k stop -k -n "$name-size"
printed -s lxc.console.buffer.size=1
kept=$(print_console_log "$name-size" | wc -c)
[ "$kept" -gt 2048 ] && [ "$kept" -le 4096 ] || differs "lxc.console.buffer.size = 1 keeps $kept bytes, not a page of them"
k stop -k -n "$name-size"

# The log: for every verb in a file that is made with its directories, unless -o names another.
container "$name-log" "lxc.init.cmd = /bin/sleep 1000" "lxc.log.file = $work/made/for/log" "lxc.log.level = trace" \
  "lxc.start.auto = 1" "lxc.hook.stop = /bin/false"
logs() { # VERB ARGUMENT...
  local verb=$1; shift
  rm -rf "$work/made"
  k "$verb" "$@" >"$work/out" 2>&1
  asked=$((asked + 1))
  [ "$(stat -c %a "$work/made/for/log" 2>&1)" = 640 ] || differs "$verb $* makes no log: $(cat "$work/out")"
}
logs info -n "$name-log"
logs execute -n "$name-log" -- /bin/false
stop_hook_told() { grep -qs "ERROR" "$work/made/for/log"; }
wait_for 5 stop_hook_told || differs "execute does not log to the file: $(cat "$work/made/for/log")"
logs autostart
[ "$(k info -n "$name-log" -sH)" = RUNNING ] || differs "autostart does not start it: $(cat "$work/out")"
for verb in attach freeze unfreeze wait; do
  [ "$verb" != attach ] || set -- -- /bin/true
  [ "$verb" != wait ] || set -- -s RUNNING
  logs "$verb" -n "$name-log" "$@"
  set --
done
logs stop -k -n "$name-log"
logs start -n "$name-log" -l FATAL
k stop -k -n "$name-log"
wait_for 5 stop_hook_told || differs "the monitor does not log from lxc.log.level on, but from -l: $(cat "$work/made/for/log")"
rm -rf "$work/made"
chown 12345 "$lxcpath/$name-log/config"
k info -n "$name-log" >/dev/null
[ "${KEELSON_AS:-}" = lxc ] || [ ! -e "$work/made" ] || differs "root logs where another user's configuration says"
chown 0 "$lxcpath/$name-log/config"
rm -rf "$work/made"
k start -n "$name-log" -o "$work/other" -l ERROR
k stop -k -n "$name-log"
stop_hook_told_in_other() { grep -qs ERROR "$work/other"; }
wait_for 5 stop_hook_told_in_other || differs "-o: the monitor does not log there"
! grep -qs ^lxc-start "$work/made/for/log" || differs "lxc.log.file is used although -o names another: $(cat "$work/made/for/log")"
k start -n "$name-log" -s lxc.log.file=/dev/null/no >"$work/out" 2>&1 && differs "it starts with a log file that cannot be made"

sed -i /log.file/d "$lxcpath/$name-log/config"
k start -n "$name-log" -l FATAL
k stop -k -n "$name-log"
stop_hook_told_by_default() { grep -qs "^lxc-start.*ERROR" "$lxcpath/$name-log/$name-log.log"; }
wait_for 5 stop_hook_told_by_default || differs "without a file, -l wins over lxc.log.level"

# syslog(3), as a /dev of our own has it.
container "$name-syslog" "lxc.init.cmd = /bin/sleep 1000" "lxc.log.syslog = local3" "lxc.log.level = ERROR" "lxc.hook.stop = /bin/false"
mkdir "$work/dev"
listen_as_syslog() {
  python3 - "$work/dev/log" "$work/syslog" <<'P' &
import socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(sys.argv[1])
while True:
    with open(sys.argv[2], "ab") as file: file.write(log.recv(65536).rstrip(b"\0\n") + b"\n")
P
  at_end kill $!
  listening() { [ -S "$work/dev/log" ]; }
  wait_for 5 listening || fail "no listener in place of syslogd"
}
listen_as_syslog
with_syslog() { # COMMAND...: /dev as it is, but for log
  unshare -m sh -c 'mkdir "$1/all" && mount -t tmpfs none "$1/all" && for i in /dev/*; do
      name=${i#/dev/}; case $name in log|ptmx) continue; esac
      if [ -L "$i" ]; then cp -P "$i" "$1/all"
      elif [ -d "$i" ]; then mkdir "$1/all/$name"
      else : >"$1/all/$name"; fi
      [ -L "$i" ] || mount --rbind "$i" "$1/all/$name"
    done && ln -s pts/ptmx "$1/all/ptmx" && : >"$1/all/log" && mount --bind "$1/log" "$1/all/log" && mount --rbind "$1/all" /dev && shift && exec "$@"' sh "$work/dev" "$@"
}
with_syslog "$(program start)" -P "$lxcpath" -n "$name-syslog" >"$work/out" 2>&1 || fail "it does not start with syslog: $(cat "$work/out")"
k stop -k -n "$name-syslog"
in_syslog() { grep -q '^<155>.*lxc-start\[[0-9]*\]: .*stop' "$work/syslog"; } # 19 * 8 + 3: local3, error
wait_for 5 in_syslog || differs "lxc.log.syslog: $(cat "$work/syslog" 2>&1)"

[ $wrong = 0 ] || fail "$wrong of $asked answers differ"
echo "$asked answers"
