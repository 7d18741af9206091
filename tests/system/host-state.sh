#!/bin/bash
# The comparison that other tests end with does see what a runtime could leave: each kind of leftover, one by one.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
unset KEELSON_AS
seen() { # WHAT COMMAND UNDO
  eval "$2" >/dev/null 2>&1 || fail "$1: cannot be made here"
  host_unchanged && fail "$1 is not seen"
  eval "$3" >/dev/null 2>&1
  wait_for 5 host_unchanged || fail "$1: not as before: $(diff "$work/host.before" "$work/host.now")"
}
cgroup=$(awk '$3 ~ /^cgroup2?$/ {print $2; exit}' /proc/self/mounts) # a hierarchy, and no cgroup of another test
truncate -s 1M "$work/image"
remember_host
host_unchanged || fail "it differs from itself"
seen "a link" "ip link add kltl type bridge" "ip link del kltl"
seen "an address" "ip address add 192.0.2.7/32 dev lo" "ip address del 192.0.2.7/32 dev lo"
command -v nft >/dev/null && seen "a packet filter" "nft add table ip klt" "nft delete table ip klt"
seen "a mount" "mount -t tmpfs klt /mnt" "umount /mnt"
seen "a cgroup" "mkdir $cgroup/lxc.payload.$klt-x" "rmdir $cgroup/lxc.payload.$klt-x"
seen "a loop device" "loop=\$(losetup -f --show $work/image)" 'losetup -d $loop'
seen "a runtime file" "mkdir -p /run/keelson/$klt" "rmdir /run/keelson/$klt"
seen "a process" "setsid -f bash -c 'exec -a $work sleep 100'" "kill \$(processes_of_the_test | cut -d' ' -f2)"
exit 0
