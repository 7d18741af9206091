#!/bin/bash
# Terminals: how attach and console end, whoever ends them, and what they leave inside.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
name=$klt-t
container "$name" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw" "lxc.tty.max = 2" "lxc.pty.max = 3"
rootfs=$lxcpath/$name/rootfs
k start -n "$name" || fail "it does not start"

terminal=
end_terminal() { [ -z "$terminal" ] || kill "$terminal" 2>/dev/null; }
at_end end_terminal
exists() { [ -e "$1" ]; }
# A shell's command on a terminal, in the background: $attached is the process of attach, with $terminal its terminal ends.
attach() {
  rm -f "$rootfs/tmp/ready"
  slowness=$slowness python3 "$support/on_terminal.py" --seconds 60 -- "$(program attach)" -P "$lxcpath" -n "$name" -- \
    sh -c "$1" command-of-the-test >"$work/out" 2>&1 &
  terminal=$!
  wait_for 10 exists "$rootfs/tmp/ready" || fail "the command of attach does not run: $(cat "$work/out")"
  attached=$(pgrep -P $terminal)
}
relays() { grep -q '^SigBlk:.*[1-9a-f]' "/proc/$attached/status"; }
signal() { # NUMBER
  wait_for 5 relays || fail "attach waits for no signals"
  kill -"$1" "$attached"
}
ended() { ! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$1/status"; }
inside() { k attach -n "$name" -- ps </dev/null | awk '/command-of-the-test/ {print $1}'; }
none_inside() { [ -z "$(inside)" ]; }
kill_inside() { k attach -n "$name" -- kill -KILL $(inside) </dev/null; }
expect_end() { # CODE WHAT
  wait_for 5 ended "$attached" || fail "attach does not end after $2"
  wait "$terminal"
  code=$?
  [ $code = "$1" ] || fail "attach ends with $code after $2, not $1: $(cat "$work/out")"
}

# By a signal, or with its terminal: who is inside is hung up.
for signal in TERM HUP; do
  attach 'touch /tmp/ready; sleep 77; exit 1'
  signal $signal
  expect_end 129 "SIG$signal"
  wait_for 5 none_inside || fail "a command outlives attach after SIG$signal"
done
for command in 'sleep 77; exit 1' 'while :; do echo output; done'; do
  attach "touch /tmp/ready; $command"
  kill "$terminal"
  wait_for 5 ended "$attached" || fail "attach -- $command does not end with its terminal"
  wait_for 5 none_inside || fail "$command outlives the terminal of attach"
done
attach 'trap : HUP; touch /tmp/ready; while :; do sleep 0.1; done'
signal HUP
expect_end 129 "SIGHUP, which the command ignores"
! none_inside || fail "a command that ignores SIGHUP is killed"
kill_inside
if [ "${KEELSON_AS:-}" != lxc ]; then # LXC's own waits for such a command, and hangs one up that has only closed its terminal
  attach 'trap : HUP; touch /tmp/ready; while :; do sleep 0.1; done'
  signal TERM
  expect_end 143 "SIGTERM, with a command that ignores SIGHUP"
  kill_inside
  attach 'exec </dev/null >/dev/null 2>&1; touch /tmp/ready; sleep 0.3; exit 3'
  expect_end 3 "a command without a terminal"
fi

# In a frozen container the command does not run, and the signals of the keyboard are for attach.
cat >"$work/end.py" <<'P'
import os, pty, signal, sys, time
# SIGNAL HOW COMMAND...: on a terminal, or without one; typed: by its key. Prints how the command ends.
def is_ready(): # the command runs, and has seen to the signal
    if os.readlink(f"/proc/{child}/exe") == os.readlink("/proc/self/exe"): return False
    facts = dict(line.split(":") for line in open(f"/proc/{child}/status") if line.startswith("Sig"))
    return (int(facts["SigBlk"], 16) | int(facts["SigCgt"], 16)) >> number - 1 & 1
number, how, command = getattr(signal, sys.argv[1]), sys.argv[2], sys.argv[3:]
child, terminal = (os.fork(), -1) if how == "without" else pty.fork()
if child == 0:
    if how == "without":
        for fd in range(3): os.dup2(os.open("/dev/null", os.O_RDWR), fd)
    os.execvp(command[0], command)
for i in range(300):
    if is_ready(): break
    time.sleep(0.1)
time.sleep(1)
if how == "typed": os.write(terminal, b"\x03")
else: os.kill(child, number)
for i in range(500):
    ended, status = os.waitpid(child, os.WNOHANG)
    if ended: sys.exit(print(os.waitstatus_to_exitcode(status)))
    time.sleep(0.1)
os.kill(child, signal.SIGKILL)
print("not at all")
P
end_frozen() { # SIGNAL HOW
  local how
  how=$(python3 "$work/end.py" "$@" "$(program attach)" -P "$lxcpath" -n "$name" -- touch /tmp/ran)
  [ "$how" = "-$(kill -l "${1#SIG}")" ] || fail "attach to a frozen container ends by $1 ($2): $how"
}
k freeze -n "$name" || fail "it does not freeze"
for signal in SIGINT SIGQUIT; do
  end_frozen $signal terminal
  end_frozen $signal without
done
[ "${KEELSON_AS:-}" = lxc ] || end_frozen SIGINT typed # LXC's own does not take that, and runs the command later
k unfreeze -n "$name"
if [ "${KEELSON_AS:-}" != lxc ]; then
  sleep 1
  [ ! -e "$rootfs/tmp/ran" ] || fail "a command runs although its attach was interrupted"
fi
# console ends by SIGTERM as if the person had left, and not so when the terminal goes.
end_console() { python3 "$work/end.py" "$1" terminal "$(program console)" -P "$lxcpath" -n "$name" -t 1; }
how=$(end_console SIGTERM)
[ "$how" = 0 ] || fail "console ends by SIGTERM with $how"
how=$(end_console SIGHUP)
[ "$how" = 129 ] || [ "$how" = -1 ] || fail "console ends by SIGHUP with $how"
# Of one that runs they do not end it.
attach 'trap "exit 8" USR1; touch /tmp/ready; while :; do sleep 0.1; done'
signal INT
signal QUIT
sleep 0.3
! ended "$attached" || fail "attach ends by the keyboard's signals, which are for its command"
k attach -n "$name" -- kill -USR1 $(inside) </dev/null
expect_end 8 "its command"

# The container's devpts is full, as any process inside can make it: the terminal is one of the host then.
full=$klt-f ids=("lxc.idmap = u 0 100000 65536" "lxc.idmap = g 0 100000 65536")
[ "${KEELSON_AS:-}" != lxc ] || ids=() # LXC's own asks for them in /etc/subuid
twin "$full" "$name" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw" "lxc.pty.max = 1" "${ids[@]}" \
  "lxc.init.cmd = /bin/sh /full"
echo 'sleep 1000 <>/dev/ptmx; sleep 1000' >"$rootfs/full"
chmod 755 "$lxcpath" "$lxcpath/$full" "$lxcpath/$name"
k start -n "$full" || fail "a container with one pty does not start"
is_full() { ! k attach -n "$full" -- sh -c ': <>/dev/ptmx' </dev/null 2>/dev/null; }
wait_for 5 is_full || fail "the devpts of a container with one pty is not full"
on_terminal -- "$(program attach)" -P "$lxcpath" -n "$full" -- \
  sh -c 'test -t 0 && : </dev/tty && echo opened >/proc/self/fd/1 && exit 6' >"$work/out"
[ $? = 6 ] && grep -q opened "$work/out" || fail "no terminal for attach when the container's devpts is full: $(cat "$work/out")"
k stop -k -n "$full"

# Whoever goes on writing holds nobody up, and the last that a command writes is not lost.
on_terminal_with() { # VERB EXPECT SEND... -- WORDS...
  local verb=$1 talk=(); shift
  while [ "$1" != -- ]; do talk+=("$1"); shift; done
  shift
  on_terminal "${talk[@]}" -- "$(program "$verb")" -P "$lxcpath" -n "$name" "$@"
}
flood='for i in 1 2 3 4; do setsid yes command-of-the-test >$to 2>&1 </dev/null & done'
k attach -n "$name" -- sh -c "to=/dev/tty2; $flood" </dev/null
on_terminal_with console command-of-the-test '\x01q' -- -t 2 >"$work/out" || fail "C-a q does not leave a tty that is written to"
if [ "${KEELSON_AS:-}" != lxc ]; then # LXC's own waits until nobody has the terminal open
  on_terminal_with attach -- -- sh -c "to=\$(tty); $flood; sleep 0.3; exit 4" >"$work/out"
  [ $? = 4 ] || fail "attach does not end with its command when others write: $(tail -n 3 "$work/out")"
fi
kill_inside
seq 1 20000 >"$work/wanted"
for ((i = 0; i < 20; ++i)); do
  on_terminal_with attach -- -- seq 1 20000 >"$work/out" && cmp "$work/wanted" "$work/out" || fail "the last output of a command is lost"
done
exit 0
