#!/bin/bash
# Which devices a container may open: lxc.cgroup.devices.* (version 1) and lxc.cgroup2.devices.* (a program), from the start
# and changed while it runs.
# also: cgroup2-only
. "$(dirname "$0")/../support/system.sh"
lxc() { [ "${KEELSON_AS:-}" = lxc ]; }
program=; key=lxc.cgroup
if [ ! -e /sys/fs/cgroup/devices/devices.list ]; then program=1 key=lxc.cgroup2; fi
name=$klt-d
container "$name" "lxc.net.0.type = empty"

may_open() { # NULL ZERO FULL: ok or no, for reading; and the same for what is made by mknod
  local got
  got=$(k attach -n "$name" -- sh -c 'for d in null zero full; do (: </dev/$d) && echo ok || echo no; done' 2>"$work/err" | tr '\n' ' ')
  [ "$got" = "$* " ] || fail "with $said: $got and not $*"
}
may_make() { # ok or no
  local got
  got=$(k attach -n "$name" -- sh -c 'mknod /tmp/zero c 1 5 && echo ok || echo no; rm -f /tmp/zero' 2>"$work/err")
  [ "$got" = "$1" ] || fail "with $said: mknod is $got and not $1"
}
start() { # LINE...: "allow RULE"
  local line
  said="$*"
  name=$klt-d$((number = ${number:-0} + 1))
  twin "$name" "$klt-d" "lxc.net.0.type = empty"
  for line; do echo "$key.devices.${line%% *} = ${line#* }"; done >>"$lxcpath/$name/config"
  k start -n "$name" -l INFO -o "$work/log" 2>"$work/err" || fail "with $said it did not start: $(cat "$work/err")"
}
change() { # FILE RULE
  said="$said, then $1 $2"
  k cgroup -n "$name" "$1" "$2" || fail "$said: it could not be changed"
}

start "allow a" "deny c 1:3 rwm" "deny c 1:5 m"
may_open no ok ok
may_make no
change devices.allow 'c 1:3 rwm'
may_open ok ok ok
change devices.deny 'c 1:5 r'
may_open ok no ok
change devices.allow 'c 1:5 r' # for the program the same words, as in LXC: a rule is turned around
change devices.allow 'c 1:5 m'
may_open ok ok ok
may_make ok

start "deny a" "allow c 1:3 rwm" "allow c *:7 w" "allow c 1:7 r" "allow c 5:* rwm" "allow c 136:* rwm"
may_open ok no ok
change devices.allow 'c 1:5 r'
may_open ok ok ok
may_make no
change devices.deny 'c 1:7 r'
may_open ok ok no
k cgroup -n "$name" devices.allow 'c 1:5 x' 2>"$work/err" && fail "a malformed rule was taken while running"
may_open ok ok no
change devices.deny a
lxc || may_open no no no
change devices.allow a
may_open ok ok ok
may_make ok
[ -n "$program" ] || [[ $(k cgroup -n "$name" devices.list) == "a *:* rwm"* ]] || fail "devices.list is $(k cgroup -n "$name" devices.list)"

# cleared: nothing is restricted
start "deny a" "allow c 1:3 rwm" "deny " "allow "
may_open ok ok ok
may_make ok

if [ -n "$program" ]; then # measured with LXC
  start "deny a"; may_open ok ok ok
  start "deny c 1:3 rwm"; may_open no no no
  start "allow c 1:3 rwm"; may_open ok no no
  start "deny a" "allow /dev/zero rw" "allow c 1:7 w"; may_open no ok no
  start "allow c 1:3 rwm" "deny c 1:3 rwm"; may_open no no no
  start "deny a" "allow a *:* rw" ; may_open ok ok ok; may_make no
  # the rules hold for a process of the container that is in a cgroup of its own
  start "allow a" "deny c 1:3 r"
  k attach -n "$name" -- sh -c 'echo >/dev/null' || fail "a denial for reading denies writing"
else
  start "deny a"; may_open no no no
  start "deny c 1:3 rwm"; may_open no ok ok
fi
# the lines for the version that the host does not have are no error
said="both versions"
twin both "$klt-d" "lxc.net.0.type = empty" "lxc.cgroup.devices.deny = c 1:3 rwm" "lxc.cgroup2.devices.allow = a" "lxc.cgroup2.devices.deny = c 1:3 rwm"
name=both
check "it did not start with rules for both versions" k start -n both
may_open no ok ok

lxc && exit 0 # which starts without such a rule
twin bad "$klt-d" "lxc.net.0.type = empty" "$key.devices.deny = c 1:3 foo"
k start -n bad 2>"$work/err" && fail "it started with a malformed rule"
grep -q "$key.devices.deny" "$work/err" || fail "the key is not named: $(cat "$work/err")"
exit 0
