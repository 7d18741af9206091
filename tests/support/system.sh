# What every system test sources: the commands under test, a place of its own, and its end.
#
#   . "$(dirname "$0")/../support/system.sh"
#
# KEELSON_BUILD is the build tree whose commands run, else build/. KEELSON_AS=lxc runs LXC's own instead: a test that says how
# containers behave is proven against LXC first.
#
#   k VERB ARGUMENT...    lxc-VERB, with the test's own lxcpath
#   program VERB          the program that k runs
#   container NAME [LINE]...   a small busybox container, with these lines in its configuration
#   twin NAME OTHER [LINE]...   one more on the rootfs of another, which is quicker
#   skip REASON, fail MESSAGE, check MESSAGE COMMAND...
#   wait_for SECONDS COMMAND...   until it succeeds
#   within SECONDS COMMAND...     timeout(1). For both, SECONDS are those of an idle machine: more on one that is not
#   at_end COMMAND...     run when the test ends, the last one first
#   $klt                  begins every name that the test gives: container, link, user
#   $work, $lxcpath       the test's directory, and its containers
#   sanitizer_reports     the reports of AddressSanitizer and UndefinedBehaviorSanitizer, from a build with them (--asan):
#                         any report of any process fails the test, whoever it was and whatever it left behind
#   on_terminal EXPECT SEND... -- COMMAND...   run on a terminal of its own, see on_terminal.py
# What host_state.sh has is there too.
set -u
# Who starts the tests may ignore signals, as nohup does; a shell could not trap these, nor one in a container. (Bash itself
# ignores SIGQUIT.)
while read -r fact value; do
  [ "$fact" != SigIgn: ] || [ $((0x$value & 0x7ffb)) = 0 ] || exec env --default-signal /bin/bash "$0" "$@"
done </proc/self/status
support=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$support/host_state.sh"
export KEELSON_BUILD=${KEELSON_BUILD:-$(readlink -f "$support/../../build")}
klt=klt-$(basename "$0" .sh)-$$
if [ -z "${KEELSON_TEST_WORK:-}" ]; then
  work=$(mktemp -d "${TMPDIR:-/tmp}/$klt.XXXXXX")
  chmod 755 "$work"
  mkdir "$work/lxc"
else # the same test started again, as another user
  work=$KEELSON_TEST_WORK
fi
lxcpath=$work/lxc

# What goes wrong in any process of ours, of any user, ends it and is written into the test's directory; a container's process
# that has pivoted writes to the same path below its root.
if grep -qs '^KEELSON_SANITIZE:BOOL=ON' "$KEELSON_BUILD/CMakeCache.txt"; then
  [ -d "$work/reports" ] || { mkdir "$work/reports" && chmod 1777 "$work/reports"; }
  export ASAN_OPTIONS=log_path=$work/reports/sanitizer:abort_on_error=1:handle_abort=1
  export UBSAN_OPTIONS=log_path=$work/reports/sanitizer:abort_on_error=1:halt_on_error=1:print_stacktrace=1
fi
sanitizer_reports() { find "$work" -xdev -path '*/reports/sanitizer.*' -size +0 2>/dev/null; }

skip() { echo "$*"; exit 77; }
fail() { echo "failed: $*"; exit 1; }
check() { local message=$1; shift; "$@" || fail "$message"; }

program() { # VERB
  [ "${KEELSON_AS:-}" = lxc ] && echo "lxc-$1" || echo "$KEELSON_BUILD/bin/lxc-$1"
}
k() {
  local verb=$1; shift
  "$(program "$verb")" -P "$lxcpath" "$@"
}

# With other tests beside it; in a guest, which is emulated; with sanitizers.
[ -n "${KEELSON_VM:-}" ] && slowness=10 || slowness=3
[ -z "${ASAN_OPTIONS:-}" ] || slowness=$((slowness * 3))
wait_for() {
  local end=$((SECONDS + $1 * slowness)); shift
  until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.2; done
}
within() { timeout -k 1 $(($1 * slowness)) "${@:2}"; }

on_terminal() { slowness=$slowness python3 "$support/on_terminal.py" "$@"; }

ends=()
at_end() { ends+=("$(printf '%q ' "$@")"); }
cleanup() {
  local code=$? i dir
  trap - EXIT INT TERM
  for dir in "$lxcpath"/*/; do
    [ ! -e "$dir/config" ] || k stop -k -n "$(basename "$dir")" >/dev/null 2>&1
  done
  for ((i = ${#ends[@]} - 1; i >= 0; i--)); do eval "${ends[i]}"; done
  if [ -n "$(sanitizer_reports)" ]; then
    sanitizer_reports | xargs -d '\n' head -n 40
    echo "failed: a sanitizer reported"
    code=1
  fi
  [ -n "${KEELSON_TEST_WORK:-}" ] || rm -rf --one-file-system "$work"
  exit $code
}
trap cleanup EXIT
trap 'exit 143' INT TERM

# A root directory with busybox, whose init waits.
busybox_root() {
  local root=$1 busybox
  busybox=$(command -v busybox) || skip "busybox is not installed"
  mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,usr}
  cp "$busybox" "$root/bin/busybox"
  "$root/bin/busybox" --install "$root/bin" # hard links, made by one process: in a guest each one costs
  ln -s bin "$root/sbin"; ln -s ../bin "$root/usr/bin"; ln -s ../bin "$root/usr/sbin"
  echo root:x:0:0:root:/root:/bin/sh >"$root/etc/passwd"
  echo 'null::respawn:/bin/sleep 100000' >"$root/etc/inittab"
}

container() {
  local name=$1; shift
  mkdir -p "$lxcpath/$name"
  busybox_root "$lxcpath/$name/rootfs"
  twin "$name" "$name" "$@"
}

twin() {
  local name=$1 other=$2; shift 2
  mkdir -p "$lxcpath/$name"
  {
    echo "lxc.rootfs.path = dir:$lxcpath/$other/rootfs"
    echo "lxc.uts.name = $name"
    printf '%s\n' "$@"
  } >"$lxcpath/$name/config"
}
