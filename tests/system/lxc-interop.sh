#!/bin/bash
# A container that LXC's own lxc-create made, untouched, lives under this runtime and goes back to LXC afterwards.
# own-host
# timeout: 180
. "$(dirname "$0")/../support/system.sh"
command -v lxc-create >/dev/null || skip "lxc is not installed"
both=$klt-both
lxc() { local verb=$1; shift; "lxc-$verb" -P "$lxcpath" "$@"; }

# Debian's default.conf wants a bridge; everything else is what it says.
ip link add name "lxcbr0" type bridge && ip link set lxcbr0 up || fail "no bridge for the container"
lxc create -n "$both" -t busybox >"$work/log" 2>&1 || fail "lxc-create: $(cat "$work/log")"
grep -q '^lxc.net.0.link = lxcbr0$' "$lxcpath/$both/config" || fail "not Debian's default configuration: $(cat "$lxcpath/$both/config")"
# What LXC itself needs here where the kernel has no AppArmor.
lxc start -n "$both" >/dev/null 2>&1 || skip "LXC cannot start its own container here"
lxc stop -k -n "$both"
cp "$lxcpath/$both/config" "$work/config"
(cd "$lxcpath/$both" && find . -printf '%p %M %U:%G %s %l\n' | grep -v -e '^\./config ' -e '/dev' -e '/var/log' -e '/var/run' | sort) >"$work/tree.before"
remember_host

facts() { # RUNTIME: what the container looks like from inside
  "$1" attach -n "$both" -- sh -c '
    for i in $(seq 100); do ps | grep -q "[g]etty" && break; sleep 0.2; done
    hostname; cat /proc/1/comm; ps | grep -c "[g]etty"; ls /dev | grep -v "^log$" | tr "\n" " "; echo
    awk "{print \$5, \$6, \$(NF-2), \$NF}" /proc/self/mountinfo | grep -v -e "/dev/pts/ptmx" | sed "s/size=[0-9]*k/size=N/; s/inode64//" | sort
    ip -o link | sed "s/@.*//; s/^[0-9]*: //" | sort; grep Cap /proc/self/status
    cat /proc/1/environ | tr "\0" "\n" | grep -v container_ttys | sort; stat -c "%n %a %U:%G" /dev/null /dev/console /dev/tty1 /dev/ptmx /dev/shm'
}

k start -n "$both" || fail "it does not start"
facts k >"$work/facts.ours" || fail "attach: $(cat "$work/facts.ours")"
[ "$(lxc info -n "$both" -s -H)" = RUNNING ] || fail "lxc-info does not see that it runs"
[ "$(lxc info -n "$both" -p -H)" = "$(k info -n "$both" -p -H)" ] || fail "lxc-info tells another pid"
[ "$(lxc ls -1 --running)" = "$both" ] || fail "lxc-ls does not list it"
k stop -n "$both" -t 20 || fail "it does not stop"
host_is_as_it_was "after the first stop"

lxc start -n "$both" >/dev/null 2>&1 || fail "LXC does not start it any more"
facts lxc >"$work/facts.lxc"
[ "$(k info -n "$both" -s -H)" = RUNNING ] || fail "info does not see that LXC's runs"
[ "$(k info -n "$both" -p -H)" = "$(lxc info -n "$both" -p -H)" ] || fail "info tells another pid than lxc-info"
k attach -n "$both" -- true 2>"$work/err" && fail "attach enters a container whose cgroups and confinement another monitor keeps"
grep -q "another runtime started it" "$work/err" || fail "attach does not say who runs the container: $(cat "$work/err")"
k stop -n "$both" -k || fail "stop does not stop the container that LXC runs"
[ "$(lxc info -n "$both" -s -H)" = STOPPED ] || fail "it still runs"

diff "$work/facts.lxc" "$work/facts.ours" || fail "inside it differs (< LXC, > ours)"
cmp "$work/config" "$lxcpath/$both/config" || fail "its configuration changed"
(cd "$lxcpath/$both" && find . -printf '%p %M %U:%G %s %l\n' | grep -v -e '^\./config ' -e '/dev' -e '/var/log' -e '/var/run' | sort) >"$work/tree.after"
diff "$work/tree.before" "$work/tree.after" || fail "its files changed"
k destroy -n "$both" || fail "destroy"
