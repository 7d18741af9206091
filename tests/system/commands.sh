#!/bin/bash
# Options and lines that are odd but possible: each command ends as it says, and neither hangs nor loses what another did.
. "$(dirname "$0")/../support/system.sh"
keelson=$KEELSON_BUILD/bin/keelson
name=$klt-c
container "$name" "lxc.net.0.type = empty"
state() { k info -n "$name" -sH; }
gone() { [ "$(state)" = STOPPED ]; }

# Groups with a comma between them are two to ls.
twin "$name" "$name" "lxc.group = front,back"
[ "$(k ls -1 -g back)" = "$name" ] || fail "ls -g back: $(k ls -1 -g back)"
[ -z "$(k ls -1 -g none)" ] || fail "ls -g none: $(k ls -1 -g none)"

# Where no containers can be looked for, autostart has not started them.
k autostart || fail "autostart without anything to do: $?"
"$(program autostart)" -P "$work/missing" 2>/dev/null && fail "autostart finds nothing amiss with a directory that is missing"

# A command of blanks is none; and no signal, or none that there is, is the usual one.
for line in "lxc.init.cmd = '   '" "lxc.signal.stop = 0"; do
  twin "$name" "$name" "lxc.net.0.type = empty" "$line"
  k start -n "$name" || fail "it does not start with $line"
  [ "$(state)" = RUNNING ] || fail "with $line it does not run"
  within 20 "$(program stop)" -P "$lxcpath" -n "$name" -k || fail "stop -k with $line: $?"
  check "it lives on after stop -k with $line" wait_for 5 gone
done
[ "${KEELSON_AS:-}" != lxc ] || exit 0
for line in "lxc.signal.stop = 999" "lxc.signal.halt = 999"; do # LXC takes these, and says when it stops what is wrong
  twin "$name" "$name" "lxc.net.0.type = empty" "$line"
  k start -n "$name" || fail "it does not start with $line"
  within 20 "$(program stop)" -P "$lxcpath" -n "$name" -t 1 || fail "stop with $line: $?"
  check "it lives on after stop with $line" wait_for 5 gone
done
twin "$name" "$name" "lxc.net.0.type = empty" "lxc.execute.cmd = '   '"
k execute -n "$name" 2>"$work/said"
[ $? = 1 ] && grep -q "no command" "$work/said" || fail "execute without a word: $(cat "$work/said")"

# A time as long as a number can be is not over at once, least of all for what is killed then.
twin "$name" "$name" "lxc.net.0.type = empty"
k start -n "$name" -- /bin/sleep 1000 || fail "it does not start"
for command in "stop -t" "wait -s STOPPED -t"; do
  set -- $command
  timeout 2 "$(program "$1")" -P "$lxcpath" -n "$name" "${@:2}" 9223372036854775807
  [ $? = 124 ] || fail "$command: the longest time is over at once"
  [ "$(state)" = RUNNING ] || fail "$command kills before the time is over"
done

# Nobody waits for the reader of a pipe.
mkfifo "$work/pipe"
within 10 "$(program attach)" -P "$lxcpath" -n "$name" -L "$work/pipe" -- true 2>"$work/said"
[ $? = 1 ] && grep -q "$work/pipe" "$work/said" || fail "attach -L with a pipe: $(cat "$work/said")"
k stop -n "$name" -k
within 10 "$keelson" start -P "$lxcpath" -n "$name" --trace "$work/pipe" 2>"$work/said"
[ $? = 1 ] && grep -q "$work/pipe" "$work/said" || fail "start --trace with a pipe: $(cat "$work/said")"
check "what could not be traced is there" gone

# Who changes a configuration at the same time as others undoes nothing of theirs.
many=20
for ((i = 0; i < many; i++)); do
  "$keelson" config set -P "$lxcpath" "$name" "lxc.environment = KLT$i=1" &
done
wait
[ "$(grep -c KLT "$lxcpath/$name/config")" = $many ] || fail "of $many lines: $(grep KLT "$lxcpath/$name/config")"

# Also who has no home may change a file of his own.
mkdir -m 777 "$work/own"
user() { setpriv --reuid 65534 --regid 65534 --clear-groups env -u HOME -u XDG_RUNTIME_DIR "$@"; }
user sh -c 'echo "lxc.uts.name = one" >"$1"' sh "$work/own/config"
user "$keelson" config set "$work/own/config" lxc.uts.name=other 2>"$work/said" || fail "config set without a home: $(cat "$work/said")"
grep -q other "$work/own/config" || fail "config set without a home: $(cat "$work/own/config")"

# What was not written is told.
"$keelson" --version >/dev/full 2>&1 && fail "keelson --version to where there is no room"
exit 0
