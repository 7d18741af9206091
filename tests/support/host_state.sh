# Whether a test leaves the host as it was. Sourced by system.sh.
#
# A test with the comment line "# own-host" at its top runs in network and mount namespaces of its own: all that changes in
# them is the test's doing, whatever else runs on the machine. So is /run/keelson, where nobody else recovers what the test has
# left to be recovered. What namespaces do not divide (cgroups, processes, loop devices) is looked for by the test's name and
# directory, so its containers' names have to begin with $klt.
#
#   remember_host                what stands now is how the host has to be
#   host_is_as_it_was MESSAGE    else the test fails and shows the difference; waits a little for what ends by itself
#   leftovers                    what of the test's is there now, one a line

own_host() { # re-executes the test
  [ -z "${KEELSON_TEST_OWN_HOST:-}" ] || return 0
  [ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
  # sysfs shows the network namespace that it was mounted in; what is mounted in it comes along.
  KEELSON_TEST_OWN_HOST=1 exec unshare -m -n --propagation private /bin/bash -c '
    set -e
    aside=$(mktemp -d)
    mount -t tmpfs klt "$aside"
    for part in fs/cgroup kernel/security; do
      mkdir -p "$aside/$part"
      mount --rbind "/sys/$part" "$aside/$part"
    done
    mount -t sysfs sysfs /sys
    for part in fs/cgroup kernel/security; do mount --move "$aside/$part" "/sys/$part"; done
    umount "$aside"
    rmdir "$aside"
    ip link set lo up
    mkdir -p -m 700 /run/keelson
    mount -t tmpfs -o mode=700 klt /run/keelson
    exec /bin/bash "$@"' - "$@"
}

leftovers() {
  ip -o link show | sed -E 's/^[0-9]+: /link /; s/ (mtu|state|qdisc|qlen|mode|group) .*//; s/@[^:]*:/:/; s/<[^>]*>//'
  ip -o address show | awk '$4 !~ /^fe80:/ {print "address", $2, $4}'
  # not what the kernel itself adds and takes away as links come up and carriers come and go
  ip route show table all | grep -v -e ' dev lo ' -e ' ff00::/8 ' -e fe80: | sed 's/ linkdown//; s/^/route /'
  if command -v nft >/dev/null; then nft list ruleset 2>/dev/null | sed 's/^/nft /'; fi
  # A namespace begins with the mounts of tests beside this one, and loses them as they remove what they were on.
  awk -v own="$klt" '$5 ~ "/klt-" && !index($5, own) {next} {print "mount", $5, $9 == "-" ? $10 : $8}' /proc/self/mountinfo
  find /sys/fs/cgroup -type d -name "*$klt*" 2>/dev/null | sed 's/^/cgroup /'
  losetup -n -O NAME,BACK-FILE 2>/dev/null | grep -F "$work" | sed 's/^/loop /'
  find /run/keelson /run/lxc /run/user/*/keelson /dev/shm -path "*$klt*" 2>/dev/null | sed 's/^/file /'
  processes_of_the_test
}

# Processes that carry the test's directory or name in their command line or cgroup, but for the test itself.
processes_of_the_test() {
  local pid
  for pid in $(grep -alsF -e "$klt" -e "$work" /proc/[0-9]*/cmdline /proc/[0-9]*/cgroup | cut -d/ -f3 | sort -u); do
    { [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] || [ ! -e "/proc/$pid/stat" ]; } && continue
    [ "$(awk '{print $4}' "/proc/$pid/stat" 2>/dev/null)" = $$ ] || echo "process $pid $(tr -s '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
  done
}

remember_host() { leftovers | sort >"$work/host.before"; }

host_unchanged() { leftovers | sort >"$work/host.now"; cmp -s "$work/host.before" "$work/host.now"; }

host_is_as_it_was() {
  # LXC's own leaves cgroups behind on hybrid hosts, and its lock files.
  [ "${KEELSON_AS:-}" != lxc ] || return 0
  wait_for 10 host_unchanged && return
  diff "$work/host.before" "$work/host.now" | grep '^[<>]'
  fail "$1: the host is not as it was (< before, > now)"
}

if sed '/^#/!q' "$0" | grep -q '^# own-host$'; then own_host "$0" "$@"; fi
