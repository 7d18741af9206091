#!/bin/bash
# Signals: what whoever calls us ignores or blocks makes no command fail, and reaches what runs inside as with LXC's own. What
# the monitor brings upon itself reaches nobody.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
name=$klt-s
container "$name" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw"

# with HOW COMMAND...: i all signals are ignored, c that of ended children, h the hang-up; b all are blocked
cat >"$work/with.py" <<'P'
import os, signal, sys
how = sys.argv[1]
for number in set(range(1, 65)) - {9, 19, 32, 33}:
    signal.signal(number, signal.SIG_IGN if "i" in how else signal.SIG_DFL)
if "c" in how: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if "h" in how: signal.signal(signal.SIGHUP, signal.SIG_IGN)
if "b" in how: signal.pthread_sigmask(signal.SIG_BLOCK, set(range(1, 65)) - {32, 33})
os.execvp(sys.argv[2], sys.argv[2:])
P
with() { # HOW VERB WORDS...
  local how=$1 verb=$2; shift 2
  within 30 python3 "$work/with.py" "$how" "$(program "$verb")" -P "$lxcpath" -n "$name" "$@"
}
expect() { # CODE HOW VERB WORDS...
  local wanted=$1 code; shift
  with "$@" >"$work/out" 2>&1
  code=$?
  [ $code = "$wanted" ] || fail "with $1 $2 exited with $code, not $wanted: $(cat "$work/out")"
}
ignored() { awk '/^SigIgn/ {print $2}' "$1"; }

all=fffffffe7ffafeff
! grep -qs '^KEELSON_SANITIZE:BOOL=ON' "$KEELSON_BUILD/CMakeCache.txt" || all=fffffffe7ffafa1f # ABRT, BUS, FPE and SEGV are theirs
hows="h d"
[ "${KEELSON_AS:-}" = lxc ] || hows="c i b ib h d" # LXC's own cannot
for how in $hows; do
  expect 7 "$how" execute -- /bin/sh -c 'cat /proc/self/status; exit 7'
  [ "$(ignored "$work/out")" = 0000000000000000 ] || fail "with $how the command of execute ignores $(ignored "$work/out")"
  expect 0 "$how" start -- /bin/sh -c 'trap "exit 0" PWR; while :; do sleep 0.1; done'
  expect 3 "$how" attach -- /bin/sh -c 'cat /proc/self/status; exit 3'
  case $how in h) wanted=0000000000000001 ;; *i*) wanted=$all ;; *) wanted=0000000000000000 ;; esac
  [ "$(ignored "$work/out")" = $wanted ] || fail "with $how an attached program ignores $(ignored "$work/out"), not $wanted"
  [ "${KEELSON_AS:-}" = lxc ] || [ "$(awk '/^SigBlk/ {print $2}' "$work/out")" = 0000000000000000 ] ||
    fail "with $how an attached program blocks $(awk '/^SigBlk/ {print $2}' "$work/out")"
  expect 0 "$how" stop -t 1
done

[ "${KEELSON_AS:-}" != lxc ] || exit 0
# Creations and copies
name=$klt-c
for how in c i b; do
  expect 0 "$how" create -t busybox
  expect 0 "$how" copy -N "$klt-copy"
  k destroy -n "$klt-copy" && k destroy -n "$name" || fail "with $how nothing whole was made"
done >/dev/null

# A log whose reader leaves is no matter of the container's.
name=$klt-s
mkfifo "$work/log"
exec {reader}<>"$work/log"
head -c 1 <&$reader >/dev/null &
exec {reader}>&-
expect 5 d execute -s "lxc.console.logfile=$work/log" -- /bin/sh -c 'for i in 1 2 3 4 5; do echo $i >/dev/console; sleep 0.2; done; exit 5'
