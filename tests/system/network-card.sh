#!/bin/bash
# A network card, which outlives the network namespace that it was lent to: whoever ends the container, and whatever the
# container did to it, it comes home as it was.
# needs: nics
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
name=$klt-card
inside() { k attach -n "$name" -- "$@"; }
answers() { inside ping -c 1 -W 3 10.213.8.1 >"$work/out" 2>&1; }
facts() { ip -d link show dev eth0 | sed 's/^[0-9]*: //; s/ qdisc [a-z_]*//; s/ qlen [0-9]*//'; cat /sys/class/net/eth0/ifalias; }
lent() { # LINE...: eth0 to a running container
  rm -rf "${lxcpath:?}/$name"
  ip neigh flush dev eth1 # the address had another hardware's before
  container "$name" "lxc.mount.auto = proc sys" "lxc.net.0.type = phys" "lxc.net.0.link = eth0" "lxc.net.0.flags = up" \
    "lxc.net.0.ipv4.address = 10.213.8.9/24" "$@"
  k start -n "$name" 2>"$work/err" || fail "$what: it does not start: $(cat "$work/err")"
  ! ip link show dev eth0 >"$work/out" 2>&1 || fail "$what: the card is still on the host: $(cat "$work/out")"
  wait_for 5 answers || fail "$what: no answer over the wire: $(cat "$work/out")"
}
same_facts() { facts >"$work/facts.now" 2>&1; cmp -s "$work/facts" "$work/facts.now"; }
is_home() {
  wait_for 2 same_facts || fail "$what: the card is not as it was: $(diff "$work/facts" "$work/facts.now")"
  host_is_as_it_was "$what"
}

modprobe virtio_net || skip "this kernel has no driver for the card"
ip address add 10.213.8.1/24 dev eth1 && ip link set eth1 up || fail "the card at the other end of the wire"
ip link set eth0 up mtu 1400 alias "the uplink" || fail "eth0"
ip link property add dev eth0 altname kltuplink || fail "an alternative name"
is_up() { facts | grep -q ' state UP '; }
wait_for 5 is_up || fail "no carrier: $(facts)"
facts >"$work/facts"
remember_host

what=stop
lent "lxc.net.0.name = inner0" "lxc.net.0.hwaddr = 52:54:00:12:34:56" "lxc.net.0.mtu = 1300"
[ "$(inside cat /sys/class/net/inner0/address /sys/class/net/inner0/mtu | tr '\n' ' ')" = "52:54:00:12:34:56 1300 " ] ||
  fail "$what: inside it is not as configured: $(inside ip link)"
k stop -k -n "$name" || fail "$what"
is_home

what="the container's own end, after it changed all it could"
lent
inside sh -c 'ip link set eth0 down; ip link set eth0 name x; ip link set x address 52:54:00:65:43:21 mtu 1200; ip link set x up'
inside kill -9 -1
inside kill -USR1 1 2>/dev/null
k stop -n "$name" || fail "$what"
is_home

what="the monitor's death"
lent
init=$(k info -n "$name" -p -H)
kill -9 "$(awk '/^PPid:/ {print $2}' "/proc/$init/status")" || fail "$what: no monitor"
gone() { [ ! -e "/proc/$init" ]; }
wait_for 5 gone || fail "$what: init outlived its monitor"
"$KEELSON_BUILD/bin/keelson" recover -P "$lxcpath" >"$work/out" 2>&1 || fail "$what: recover: $(cat "$work/out")"
is_home

what="a name that is taken meanwhile"
lent
ip link add name eth0 type dummy || fail "$what: no link of that name"
k stop -k -n "$name" >"$work/out" 2>&1
ip link del eth0
"$KEELSON_BUILD/bin/keelson" recover -P "$lxcpath" >"$work/out" 2>&1 || fail "$what: recover: $(cat "$work/out")"
is_home

# links on top of the card
for type in macvlan vlan ipvlan; do
  what=$type
  rm -rf "${lxcpath:?}/$name"
  ip neigh flush dev eth1 # the address had another hardware's before
  container "$name" "lxc.net.0.type = $type" "lxc.net.0.link = eth0" "lxc.net.0.flags = up" \
    "lxc.net.0.ipv4.address = 10.213.8.9/24" "$(
      case $type in
      vlan) echo lxc.net.0.vlan.id = 5 ;;
      ipvlan) echo lxc.net.0.ipvlan.mode = l2 ;; # in the others nobody on the wire learns where the address is
      esac
    )"
  k start -n "$name" 2>"$work/err" || fail "$what: it does not start: $(cat "$work/err")"
  [ $type = vlan ] || wait_for 5 answers || fail "$what: no answer: $(cat "$work/out")"
  k stop -k -n "$name" || fail "$what: stop"
  is_home
done
