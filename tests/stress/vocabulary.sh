# What the stress tests share, after tests/support/system.sh.
#
#   sleeper NAME [LINE]...   a container whose init sleeps; all share one rootfs
#   state_of NAME
#   monitor_of NAME          the pid of its monitor
#   weigh PID                its open descriptors, and its private memory in KiB
#   weighs_as_before PID MESSAGE DESCRIPTORS KIB   against an earlier weigh: no descriptor more, no memory beyond 512 KiB more
stress=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

sleeper() {
  local name=$1; shift
  [ -d "$work/rootfs" ] || busybox_root "$work/rootfs"
  mkdir -p "$lxcpath/$name"
  printf '%s\n' "lxc.rootfs.path = dir:$work/rootfs" "lxc.uts.name = $name" "lxc.net.0.type = empty" \
    "lxc.init.cmd = /bin/sleep 100000" "$@" >"$lxcpath/$name/config"
}
state_of() { k info -n "$1" -s -H; }
monitor_of() { local pid; pid=$(k info -n "$1" -p -H) && awk '/^PPid/{print $2}' "/proc/$pid/status"; }
weigh() {
  echo "$(ls "/proc/$1/fd" | wc -l) $(awk '/^Private/ {sum += $2} END {print sum}' "/proc/$1/smaps_rollup")"
}
weighs_as_before() {
  local now slack=512
  lighter() { # once the monitor has seen that its clients are gone
    read -r -a now <<<"$(weigh "$1")"
    [ "${now[0]}" -le "$2" ] && [ "${now[1]}" -le $(($3 + slack)) ]
  }
  [ -z "${ASAN_OPTIONS:-}" ] || slack=524288 # freed memory waits in quarantine, 256 MiB of it
  wait_for 5 lighter "$1" "$3" "$4" || fail "$2: descriptors and KiB of the monitor were $3 $4, are ${now[*]}"
}
