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
  python3 "$support/on_terminal.py" --seconds 60 -- "$(program attach)" -P "$lxcpath" -n "$name" -- \
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
exit 0
