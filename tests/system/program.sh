#!/bin/bash
# bin/keelson is a short cut to lib/keelson/keelson. Whichever is executed, what enters a container runs from a read-only mount.
# own-host
[ "${KEELSON_AS:-}" != lxc ] || { echo "LXC is several programs"; exit 77; }
. "$(dirname "$0")/../support/system.sh"
[ "$(id -u)" = 0 ] || skip "an ordinary user has no mounts to clone"
web=$klt-web
container "$web" "lxc.net.0.type = empty"
remember_host

is_read_only() { python3 -c 'import os, sys; sys.exit(not os.statvfs(sys.argv[1]).f_flag & os.ST_RDONLY)' "$1"; }
# What a process executes that was started by COMMAND..., and stays until the container is stopped.
runs_read_only() { # COMMAND...
  "$@" -P "$lxcpath" -n "$web" -F &
  local pid=$!
  k wait -n "$web" -s RUNNING -t 20 || fail "$*: it does not run"
  is_read_only "/proc/$pid/exe" || fail "$*: the monitor's program can be written to by way of /proc/$pid/exe"
  k stop -k -n "$web"
  wait "$pid"
}
bin=$KEELSON_BUILD/bin lib=$KEELSON_BUILD/lib/keelson
runs_read_only "$bin/keelson" start
runs_read_only "$bin/lxc-start"
runs_read_only "$lib/keelson" start
KEELSON_PROGRAM=/bin/sh runs_read_only "$bin/keelson" start
(cd "$bin" && PATH=.:$PATH runs_read_only lxc-start) || exit 1

# What it is told goes on: arguments, environment, standard files, the exit code.
printf 'in' | KLT=told "$bin/keelson" usernsexec -m b:0:100000:1 -- sh -c 'printf "%s %s %s" "$KLT" "$1" "$(cat)"; exit 7' x "a b" >"$work/out"
code=$?
[ "$code $(cat "$work/out")" = "7 told a b in" ] || fail "the program was told otherwise, or exited with $code: $(cat "$work/out")"
"$bin/keelson" config get "$lxcpath/$web/config" lxc.uts.name >"$work/out" || fail "config get failed"
(exec -a lxc-config "$bin/keelson" -l) | grep -q '^lxc.lxcpath$' || fail "by its name alone it is not lxc-config"

# Moved away from its program it says so.
mkdir -p "$work/alone/bin"
cp "$(readlink -f "$bin/keelson")" "$work/alone/bin/keelson"
if [ ! -L "$bin/keelson" ]; then
  "$work/alone/bin/keelson" start -n "$web" 2>"$work/out"; code=$?
  [ "$code" = 127 ] || fail "without its program it exits with $code"
  grep -q "^keelson: cannot execute $work/alone/lib/keelson/keelson$" "$work/out" || fail "without its program it says: $(cat "$work/out")"
fi
host_is_as_it_was "after all"
