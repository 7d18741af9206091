#!/bin/bash
# Each network type, seen from both sides: links, addresses, routes, traffic, and nothing left afterwards.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
name=$klt-net
inside() { k attach -n "$name" -- "$@"; }
up() { # WHAT LINE...
  what=$1; shift
  rm -rf "${lxcpath:?}/$name"
  container "$name" "lxc.mount.auto = proc sys" "$@"
  k start -n "$name" 2>"$work/err" || fail "$what: it does not start: $(cat "$work/err")"
}
down() {
  k stop -k -n "$name" || fail "$what: stop"
  host_is_as_it_was "$what"
}
answers() { inside ping -c 1 -W 3 "$1" >"$work/ping" 2>&1; }
pings() { wait_for 5 answers "$1" || fail "$what: no answer from $1: $(cat "$work/ping")"; }

ip link add name kltbr0 type bridge && ip address add 10.213.7.1/24 dev kltbr0 && ip link set kltbr0 up || fail "no bridge"
# The host's own link for macvlan and phys: one end of a pair whose other end is in the test's hands too.
ip link add kltm0 type veth peer name kltm1 && ip link set kltm0 up && ip link set kltm1 up || fail "no pair"
ip address add 10.213.8.1/24 dev kltm1
remember_host

up veth "lxc.net.0.type = veth" "lxc.net.0.link = kltbr0" "lxc.net.0.flags = up" "lxc.net.0.name = eth5" \
  "lxc.net.0.hwaddr = 00:16:3e:12:34:56" "lxc.net.0.mtu = 1400" "lxc.net.0.veth.pair = kltv0" \
  "lxc.net.0.ipv4.address = 10.213.7.9/24" "lxc.net.0.ipv4.gateway = 10.213.7.1" "lxc.net.0.ipv6.address = fd00:7::9/64"
[ "$(basename "$(readlink /sys/class/net/kltv0/master)")" = kltbr0 ] || fail "$what: the host end is not in the bridge"
[ "$(inside cat /sys/class/net/eth5/address)" = 00:16:3e:12:34:56 ] || fail "$what: hwaddr"
[ "$(inside cat /sys/class/net/eth5/mtu)$(cat /sys/class/net/kltv0/mtu)" = 14001400 ] || fail "$what: mtu"
inside ip route | grep -q '^default via 10.213.7.1 dev eth5' || fail "$what: no default route: $(inside ip route)"
inside ip -6 address show dev eth5 | grep -q fd00:7::9/64 || fail "$what: no IPv6 address"
k info -n "$name" -i | grep -Eq '^IP: +10.213.7.9$' || fail "$what: info does not tell the address"
k ls -f | grep -q '10.213.7.9' || fail "$what: ls -f does not tell the address"
pings 10.213.7.1
down

# Addresses of the bridge as gateway, a route over the link alone, an address drawn at random, scripts.
cat >"$work/script" <<S
#!/bin/sh
echo "\$*" >>$work/calls
S
chmod 755 "$work/script"
ip -6 address add fd00:7::1/64 dev kltbr0 nodad; remember_host
up "gateways and scripts" "lxc.net.0.type = veth" "lxc.net.0.link = kltbr0" "lxc.net.0.flags = up" "lxc.net.0.veth.pair = kltv0" \
  "lxc.net.0.hwaddr = 00:16:3e:xX:xx:xx" "lxc.net.0.script.up = $work/script a" "lxc.net.0.script.down = $work/script b" \
  "lxc.net.0.ipv4.address = 10.213.7.9/24" "lxc.net.0.ipv4.gateway = auto" "lxc.net.0.ipv6.address = fd00:7::9/64" \
  "lxc.net.0.ipv6.gateway = dev"
inside ip route | grep -q '^default via 10.213.7.1 dev eth0' || fail "$what: IPv4: $(inside ip route)"
inside ip -6 route | grep -q '^default dev eth0' || fail "$what: IPv6: $(inside ip -6 route)"
[[ $(inside cat /sys/class/net/eth0/address) =~ ^00:16:3e(:[0-9a-f]{2}){3}$ ]] || fail "$what: hwaddr"
pings 10.213.7.1
down
[ "$(cat "$work/calls")" = "a $name net up veth kltbr0 kltv0
b $name net down veth kltbr0 kltv0" ] || fail "$what: the scripts were called so: $(cat "$work/calls")"
ip -6 address del fd00:7::1/64 dev kltbr0

# Routed and not bridged: the host has routes to the container, and answers for its gateway and on the link.
# A host answers (arp(7)) only for what it could reach itself, hence its default route.
echo 1 >/proc/sys/net/ipv4/conf/kltm0/forwarding
ip route add default dev kltm0; remember_host
up router "lxc.net.0.type = veth" "lxc.net.0.veth.mode = router" "lxc.net.0.link = kltm0" "lxc.net.0.l2proxy = 1" \
  "lxc.net.0.flags = up" "lxc.net.0.veth.pair = kltv0" "lxc.net.0.mtu = 1300" "lxc.net.0.ipv4.address = 10.213.6.9/24" \
  "lxc.net.0.ipv4.gateway = 10.213.6.1" "lxc.net.0.veth.ipv4.route = 10.213.66.0/24" "lxc.net.0.veth.ipv6.route = fd00:66::/64"
[ ! -e /sys/class/net/kltv0/master ] || fail "$what: it is in a bridge"
for to in 10.213.6.9 10.213.66.0/24; do
  ip route | grep -q "^$to dev kltv0" || fail "$what: no route to $to: $(ip route)"
done
ip -6 route | grep -q '^fd00:66::/64 dev kltv0' || fail "$what: no IPv6 route: $(ip -6 route)"
ip neigh show proxy | grep -q '10.213.6.1 dev kltv0' || fail "$what: the host does not answer for the gateway"
ip neigh show proxy | grep -q '10.213.6.9 dev kltm0' || fail "$what: the host does not answer on the link"
[ "$(cat /sys/class/net/kltv0/mtu)" = 1300 ] || fail "$what: mtu"
pings 10.213.7.1
if [ "${KEELSON_AS:-}" != lxc ]; then # which lets two containers have one address, and the first to stop ends it for both
  container "$klt-net2" "lxc.net.0.type = macvlan" "lxc.net.0.link = kltm0" "lxc.net.0.l2proxy = 1" \
    "lxc.net.0.ipv4.address = 10.213.6.9/24"
  k start -n "$klt-net2" 2>"$work/err" && fail "$what: the host answers for two containers of one address"
  grep -q "10.213.6.9.*lxc.net.0.ipv4.address" "$work/err" || fail "$what: the address is not named: $(cat "$work/err")"
  ip neigh show proxy | grep -q '10.213.6.9 dev kltm0' || fail "$what: what did not start took the first one's answer away"
fi
if [ "${KEELSON_AS:-}" = lxc ]; then # which leaves the address that it answers for
  k stop -k -n "$name"
  wait_for 5 [ ! -e /sys/class/net/kltv0 ]
  ip neigh del proxy 10.213.6.9 dev kltm0
else
  down
fi
ip route del default dev kltm0; remember_host

up macvlan "lxc.net.0.type = macvlan" "lxc.net.0.link = kltm0" "lxc.net.0.macvlan.mode = bridge" "lxc.net.0.flags = up" \
  "lxc.net.0.ipv4.address = 10.213.8.9/24"
inside ip link show dev eth0 | grep -q '<.*UP.*>' || fail "$what: eth0 is not up: $(inside ip link)"
pings 10.213.8.1
down

ip address add 10.213.9.1/24 dev kltm0
ip link set kltm0 down; ip address del 10.213.9.1/24 dev kltm0
remember_host
hardware=$(cat /sys/class/net/kltm0/address)
up phys "lxc.net.0.type = phys" "lxc.net.0.link = kltm0" "lxc.net.0.flags = up" "lxc.net.0.name = inner0" \
  "lxc.net.0.hwaddr = 00:16:3e:12:34:56" "lxc.net.0.ipv4.address = 10.213.8.9/24"
[ "$(inside cat /sys/class/net/inner0/address)" = 00:16:3e:12:34:56 ] || fail "$what: hwaddr"
[ ! -e /sys/class/net/kltm0 ] || fail "$what: the link is still on the host"
pings 10.213.8.1
k stop -k -n "$name" || fail "$what: stop"
back() { [ -e /sys/class/net/kltm0 ]; }
wait_for 5 back || fail "$what: the link did not come back under its name"
[ "${KEELSON_AS:-}" = lxc ] || [ "$(cat /sys/class/net/kltm0/address)" = "$hardware" ] ||
  fail "$what: the link kept the container's hardware address"
host_is_as_it_was "$what"

up empty "lxc.net.0.type = empty" "lxc.net.0.flags = up"
[ "$(inside ls /sys/class/net | grep -v -e tunl -e sit -e ip6tnl -e gre -e erspan -e vti)" = lo ] || fail "$what: links inside: $(inside ls /sys/class/net)"
pings 127.0.0.1
down

up none "lxc.net.0.type = none"
[ "$(readlink "/proc/$(k info -n "$name" -p -H)/ns/net")" = "$(readlink /proc/self/ns/net)" ] || fail "$what: not the host's network namespace"
down

# two devices, the unnamed one gets the next free name
up "two devices" "lxc.net.0.type = veth" "lxc.net.0.link = kltbr0" "lxc.net.1.type = veth" "lxc.net.1.link = kltbr0" "lxc.net.1.name = eth0"
[ "$(inside sh -c 'cd /sys/class/net; echo eth*')" = "eth0 eth1" ] || fail "$what: $(inside ls /sys/class/net)"
down

# the kernel may choose the number in a name inside
up "a number in the name" "lxc.net.0.type = veth" "lxc.net.0.link = kltbr0" "lxc.net.0.name = klt%d"
[ "$(inside sh -c 'cd /sys/class/net; echo klt*')" = klt0 ] || fail "$what: $(inside ls /sys/class/net)"
down

[ "${KEELSON_AS:-}" != lxc ] || exit 0
# but not on the host, where nobody would find the link again
refused() { # ERROR LINE...
  local error=$1; shift
  rm -rf "${lxcpath:?}/$klt-net2"
  container "$klt-net2" "$@"
  k start -n "$klt-net2" 2>"$work/err" && fail "it starts with $*"
  grep -q "$error" "$work/err" || fail "the error does not say '$error': $(cat "$work/err")"
  rm -rf "${lxcpath:?}/$klt-net2"
  host_is_as_it_was "$*"
}
refused '"klta%d".*lxc.net.0.veth.pair' "lxc.net.0.type = veth" "lxc.net.0.veth.pair = klta%d"
refused '"klta%d".*lxc.net.0.nat.bridge' "lxc.net.0.type = nat" "lxc.net.0.nat.bridge = klta%d"
refused '"klt/a".*lxc.net.0.name' "lxc.net.0.type = veth" "lxc.net.0.name = klt/a"

# Who deletes a lent link inside, and makes another one of its number, name, address and alias, keeps that.
for kind in veth bridge; do
  ip link add kltp0 type veth peer name kltp1 && remember_host
  peer=$(cat /sys/class/net/kltp1/ifindex)
  up "phys, replaced by a $kind" "lxc.net.0.type = phys" "lxc.net.0.link = kltp0"
  net=/proc/$(k info -n "$name" -p -H)/ns/net
  there() { nsenter --net="$net" ip "$@"; }
  index=$(there -o link show kltp0 | cut -d: -f1) address=$(there -br link show kltp0 | awk '{print $3}')
  alias=$(there link show kltp0 | sed -n 's/^ *alias //p')
  there link del kltp0
  there link add kltp0 index "$index" address "$address" type $kind $([ $kind != veth ] || echo "peer name kltp2 index $peer")
  there link set kltp0 alias "$alias" || fail "$what: it cannot be replaced"
  k stop -k -n "$name" || fail "$what: stop"
  [ ! -e /sys/class/net/kltp0 ] || fail "$what: the container's own link came to the host: $(ip -d link show kltp0)"
  ip link add kltp0 type veth peer name kltp1
  host_is_as_it_was "$what"
  ip link del kltp0
done
# nat needs nothing set up: a bridge of its own, an address, a route, and the way out. "Out" is a neighbour of the host.
ip netns add "$klt-out" && at_end ip netns del "$klt-out"
ip link add kltw0 type veth peer name kltw1 netns "$klt-out"
ip address add 192.0.2.1/24 dev kltw0 && ip link set kltw0 up
ip -n "$klt-out" address add 192.0.2.2/24 dev kltw1 && ip -n "$klt-out" link set kltw1 up
echo 0 >/proc/sys/net/ipv4/ip_forward
remember_host
up nat "lxc.net.0.type = nat" "lxc.net.0.flags = up"
address=$(k info -n "$name" -i | awk '/^IP:/ && $2 !~ /:/ {print $2; exit}')
[ -n "$address" ] || fail "nat: no address: $(inside ip address)"
inside ip route | grep -q '^default via ' || fail "nat: no default route"
inside grep -q nameserver /etc/resolv.conf || fail "nat: no resolver"
pings 192.0.2.2
host_reaches_it() { ping -c 1 -W 3 "$address" >/dev/null; }
wait_for 5 host_reaches_it || fail "nat: the host cannot reach $address"
# a second one beside it, after a firewall was loaded anew: another address, and they reach each other, and the outside
if command -v nft >/dev/null; then nft flush ruleset || fail "nft flush"; fi
container "$klt-net2" "lxc.mount.auto = proc sys" "lxc.net.0.type = nat" "lxc.net.0.flags = up"
k start -n "$klt-net2" || fail "nat: the second container does not start"
other=$(k info -n "$klt-net2" -i | awk '/^IP:/ && $2 !~ /:/ {print $2; exit}')
[ -n "$other" ] && [ "$other" != "$address" ] || fail "nat: the addresses are '$address' and '$other'"
pings "$other"
pings 192.0.2.2
k stop -k -n "$name" || fail "nat: stop"
second_reaches_out() { k attach -n "$klt-net2" -- ping -c 1 -W 3 192.0.2.2 >/dev/null; }
wait_for 5 second_reaches_out || fail "nat: the second lost its way out when the first stopped"
k stop -k -n "$klt-net2" || fail "nat: stop of the second"
host_is_as_it_was nat

# a subnet that is another bridge's already, or the host's own
up "nat with a subnet" "lxc.net.0.type = nat" "lxc.net.0.nat.bridge = kltn0" "lxc.net.0.nat.subnet = 10.213.10.0/24"
before=$(cat "$work/host.before"); remember_host
refused "bridge kltn0 has 10.213.10.0/24" "lxc.net.0.type = nat" "lxc.net.0.nat.bridge = kltn1" \
  "lxc.net.0.nat.subnet = 10.213.10.128/25"
refused "route to 192.0.2.0/24 over kltw0" "lxc.net.0.type = nat" "lxc.net.0.nat.bridge = kltn1" "lxc.net.0.nat.subnet = 192.0.2.0/24"
pings 192.0.2.2
echo "$before" >"$work/host.before"
down
