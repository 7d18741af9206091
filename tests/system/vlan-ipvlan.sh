#!/bin/bash
# Links on top of one of the host's that not every kernel makes: a VLAN and an ipvlan in each mode, with traffic; l2proxy.
# needs: vlan ipvlan
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
name=$klt-up
inside() { k attach -n "$name" -- "$@"; }
up() { # WHAT LINE...
  what=$1; shift
  container "$name" "lxc.mount.auto = proc sys" "$@"
  k start -n "$name" 2>"$work/err" || fail "$what: it does not start: $(cat "$work/err")"
}
down() {
  k stop -k -n "$name" || fail "$what: stop"
  rm -rf "${lxcpath:?}/$name"
  [ "${KEELSON_AS:-}" = lxc ] || host_is_as_it_was "$what" # LXC leaves what l2proxy added
}
answers() { inside ping -c 1 -W 3 "$1" >"$work/ping" 2>&1; }
pings() { wait_for 5 answers "$1" || fail "$what: no answer from $1: $(cat "$work/ping")"; }
kind() { nsenter -t "$(k info -n "$name" -p -H)" -n ip -d link show dev eth0; }

# "Out" is a machine at the other end of the host's link kltm0.
ip netns add "$klt-out" && at_end ip netns del "$klt-out"
ip link add kltm0 type veth peer name kltm1 netns "$klt-out" && ip link set kltm0 up || fail "no pair"
out() { ip -n "$klt-out" "$@"; }
out address add 10.213.8.1/24 dev kltm1 && out link set kltm1 up
out link add link kltm1 name kltm1.7 type vlan id 7 && out address add 10.213.9.1/24 dev kltm1.7 && out link set kltm1.7 up
remember_host

up vlan "lxc.net.0.type = vlan" "lxc.net.0.link = kltm0" "lxc.net.0.flags = up" "lxc.net.0.vlan.id = 7" "lxc.net.0.mtu = 1400" \
  "lxc.net.0.ipv4.address = 10.213.9.9/24"
[ "$(inside cat /sys/class/net/eth0/mtu)" = 1400 ] || fail "$what: mtu"
pings 10.213.9.1
for i in 1 2 3; do # the link has this VLAN once: it is free again when the stop ends
  k stop -k -n "$name" && k start -n "$name" 2>"$work/err" || fail "$what: restart $i: $(cat "$work/err")"
done
down

up ipvlan-l2 "lxc.net.0.type = ipvlan" "lxc.net.0.link = kltm0" "lxc.net.0.flags = up" "lxc.net.0.ipvlan.mode = l2" \
  "lxc.net.0.ipvlan.isolation = private" "lxc.net.0.ipv4.address = 10.213.8.9/24"
[[ $(kind) == *"mode l2 private"* ]] || fail "$what: $(kind)"
[ "$(inside cat /sys/class/net/eth0/address)" = "$(cat /sys/class/net/kltm0/address)" ] || fail "$what: an address of its own"
pings 10.213.8.1
down

echo 1 >/proc/sys/net/ipv4/conf/kltm0/forwarding
up ipvlan-l3s-l2proxy "lxc.net.0.type = ipvlan" "lxc.net.0.link = kltm0" "lxc.net.0.flags = up" "lxc.net.0.ipvlan.mode = l3s" \
  "lxc.net.0.ipv4.address = 10.213.8.9/24" "lxc.net.0.ipv4.gateway = dev" "lxc.net.0.l2proxy = 1"
[[ $(kind) == *"mode l3s bridge"* ]] || fail "$what: $(kind)"
inside ip route | grep -q '^default dev eth0' || fail "$what: no default route: $(inside ip route)"
host_answers() { ip neigh show proxy | grep -q '10.213.8.9 dev kltm0' && ip route show dev lo | grep -q '^10.213.8.9 '; }
host_answers || fail "$what: the host does not answer: $(ip neigh show proxy; ip route)"
pings 10.213.8.1
if [ "${KEELSON_AS:-}" != lxc ]; then # which leaves both without an answer when one of them stops
  twin "$klt-twin" "$name" "lxc.net.0.type = ipvlan" "lxc.net.0.link = kltm0" "lxc.net.0.ipvlan.mode = l3s" \
    "lxc.net.0.ipv4.address = 10.213.8.9/24" "lxc.net.0.l2proxy = 1"
  k start -n "$klt-twin" 2>"$work/err" && fail "$what: the host answers for two containers of one address"
  grep -q "10.213.8.9.*lxc.net.0.ipv4.address" "$work/err" || fail "$what: the address is not named: $(cat "$work/err")"
  host_answers || fail "$what: what did not start took the first one's answer away"
fi
down

# VLANs of a bridge's port.
ip link add kltbr0 type bridge vlan_filtering 1 && ip link set kltbr0 up && at_end ip link del kltbr0
remember_host
up bridge-vlan "lxc.net.0.type = veth" "lxc.net.0.link = kltbr0" "lxc.net.0.flags = up" "lxc.net.0.veth.pair = kltv0" \
  "lxc.net.0.veth.vlan.id = 7" "lxc.net.0.veth.vlan.tagged.id = 8" "lxc.net.0.veth.vlan.tagged.id = 9"
[ "$(bridge vlan show dev kltv0 | tail -n +2 | xargs)" = "kltv0 7 PVID Egress Untagged 8 9" ] ||
  fail "$what: $(bridge vlan show dev kltv0)"
down

refused() { # WORD LINE...
  local word=$1; shift
  container "$name" "$@"
  k start -n "$name" -o "$work/log" -l error 2>"$work/err" && fail "it starts with $*"
  [ "${KEELSON_AS:-}" = lxc ] || grep -q "$word" "$work/err" "$work/log" || fail "no word of $word: $(cat "$work/err" "$work/log")"
  rm -rf "${lxcpath:?}/$name"
}
refused lxc.net.0.ipv4.gateway "lxc.net.0.type = ipvlan" "lxc.net.0.link = kltm0" "lxc.net.0.flags = up" \
  "lxc.net.0.ipv4.address = 10.213.8.9/24" "lxc.net.0.ipv4.gateway = auto"
refused lxc.net.0.vlan.id "lxc.net.0.type = vlan" "lxc.net.0.link = kltm0" "lxc.net.0.vlan.id = 4095"

[ "${KEELSON_AS:-}" != lxc ] || exit 0
for plugin in ipvlan vlan; do
  "$KEELSON_BUILD/bin/keelson-conformance" --strict --parameters="$support/../conformance/parameters/net.$plugin" \
    "$KEELSON_BUILD/lib/keelson/plugins/net/$plugin.so" >"$work/conformance" 2>&1 || fail "$plugin: $(cat "$work/conformance")"
done
