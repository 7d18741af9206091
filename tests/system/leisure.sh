#!/bin/bash
# What waits for the kernel at the end of a life is taken back when nobody waits any more: who asked for the end is told before,
# who wants the name again waits, and one who is killed meanwhile leaves a journal that the next command finishes.
# own-host
# timeout: 200
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC takes its links back before it says that the container has stopped"
runtime=/run/keelson/${lxcpath//\//+}
name=$klt-one
journal=$runtime/$name/journal
state() { k info -n "$1" -s -H; }
gone() { [ ! -e "$runtime/$1" ]; }
all_gone() { wait_for 10 gone "$1" || fail "$2: the runtime directory stays: $(cat "$runtime/$1/journal")"; }
ending() { ender=$(pgrep -f "^\[lxc end\] $lxcpath $1"); }
soon() { within 20 "$@"; } # for what is not to wait for who holds the lock

ip link add name kltbr0 type bridge && ip link set kltbr0 up || fail "no bridge"
ip link add kltm0 type veth peer name kltm1 && ip link set kltm0 up && ip link set kltm1 up || fail "no link for macvlan"
remember_host
veth=("lxc.net.0.type = veth" "lxc.net.0.link = kltbr0" "lxc.net.0.flags = up" "lxc.net.0.veth.pair = kltv0")
container "$name" "${veth[@]}"

# The same container again at once, whose link has a name that only one can have.
for i in $(seq 50); do
  out=$(k execute -n "$name" -- echo "time $i" 2>&1) || fail "start $i in the foreground failed: $out"
  [ "$out" = "time $i" ] || fail "start $i in the foreground said: $out"
done
for i in $(seq 10); do
  k start -n "$name" >"$work/out" 2>&1 || fail "start $i in the background failed: $(cat "$work/out")"
  k stop -k -n "$name" || fail "stop $i"
  [ "$(state "$name")" = STOPPED ] || fail "after stop $i it is $(state "$name")"
  k ls --active | grep -q "$name" && fail "after stop $i ls calls it active"
done
host_is_as_it_was "after sixty lives"

# Another one, whose link has the same name.
twin "$klt-heir" "$name" "${veth[@]}"
for i in $(seq 10); do
  for each in "$name" "$klt-heir"; do
    k execute -n "$each" -- true >"$work/out" 2>&1 || fail "life $i of $each, after another with its link's name: $(cat "$work/out")"
  done
done
wait_for 10 gone "$name" && wait_for 10 gone "$klt-heir" || fail "the runtime directory stays"
host_is_as_it_was "after two with one link's name"

# And links that their lower link has only once, by their hardware address or mode: the next start waits for the last one's.
macvlan=("lxc.net.0.type = macvlan" "lxc.net.0.link = kltm0" "lxc.net.0.flags = up")
twin "$klt-address" "$name" "${macvlan[@]}" "lxc.net.0.hwaddr = 02:00:00:00:00:07"
twin "$klt-passthru" "$name" "${macvlan[@]}" "lxc.net.0.macvlan.mode = passthru"
for each in address passthru; do
  for i in $(seq 30); do
    k execute -n "$klt-$each" -- true >"$work/out" 2>&1 || fail "life $i with macvlan ($each): $(cat "$work/out")"
  done
done
k start -n "$klt-address" || fail "start with macvlan"
twin "$klt-thief" "$name" "${macvlan[@]}" "lxc.net.0.hwaddr = 02:00:00:00:00:07"
k execute -n "$klt-thief" -- true >"$work/out" 2>&1 && fail "two with one hardware address"
grep -q 'give each its own' "$work/out" || fail "two with one hardware address: $(cat "$work/out")"
k stop -k -n "$klt-address" || fail "stop with macvlan"
host_is_as_it_was "after lives with macvlan"

# What hooks see: script.down the link, post-stop none. A container with such a hook, or one that boots again, waits.
printf '#!/bin/sh\necho "$3 $(ip -o link show kltv0 2>/dev/null | wc -l)" >>%s\n' "$work/seen" >"$work/hook"
chmod 755 "$work/hook"
twin "$klt-hook" "$name" "${veth[@]}" "lxc.net.0.script.down = $work/hook" "lxc.hook.post-stop = $work/hook"
k start -F -n "$klt-hook" -- true || fail "with a post-stop hook"
gone "$klt-hook" || fail "with a post-stop hook the caller did not wait"
[ "$(cat "$work/seen")" = "down 1
post-stop 0" ] || fail "the hooks saw: $(cat "$work/seen")"
booted_again() { [ "$(state "$name")" = RUNNING ] && [ "$(k info -n "$name" -p -H)" != "$first" ]; }
k start -n "$name" || fail "start for a reboot"
for i in 1 2 3; do
  first=$(k info -n "$name" -p -H)
  k attach -n "$name" -- reboot -f
  wait_for 20 booted_again || fail "reboot $i: $(state "$name")"
  [ "$(ls /sys/class/net/kltbr0/brif)" = kltv0 ] || fail "reboot $i: the bridge has $(ls /sys/class/net/kltbr0/brif)"
done

# One more on the bridge, and one in the first one's network namespace, which holds it: the pair goes all the same.
container "$klt-two" "${veth[@]:0:3}"
twin "$klt-guest" "$name" "lxc.namespace.share.net = $name"
k start -n "$klt-two" && k start -n "$klt-guest" || fail "start of the others"
k stop -k -n "$name" || fail "stop while the namespace is shared"
all_gone "$name" "a shared namespace"
[ ! -e /sys/class/net/kltv0 ] || fail "the pair stays while its namespace is shared"
[ "$(ls /sys/class/net/kltbr0/brif | wc -l)" = 1 ] || fail "the other container has lost its link"
k stop -k -n "$klt-guest" && k stop -k -n "$klt-two" || fail "stop of the others"
k destroy -n "$klt-two" || fail "destroy after a stop"
gone "$klt-two" || fail "destroy did not wait"
host_is_as_it_was "after others"

# nat's end waits for the lock on /run/keelson: who holds it has all the time to look.
twin "$name" "$name" "lxc.net.0.type = nat"
hold() {
  coproc HOLDER { exec flock -o /run/keelson sh -c 'echo held; exec cat'; }
  read -r _ <&"${HOLDER[0]}"
}
let_go() { eval "exec ${HOLDER[1]}>&-"; wait "$HOLDER_PID"; }
is_over() { # WHEN: for everybody but who wants its name
  [ "$(state "$name")" = STOPPED ] || fail "$1: it is $(state "$name")"
  k ls --active | grep -q "$name" && fail "$1: ls calls it active"
  gone "$name" && fail "$1: nothing is left to be taken back, so this test shows nothing"
  soon "$(program attach)" -P "$lxcpath" -n "$name" -- true >"$work/out" 2>&1 && fail "$1: attach"
  soon "$(program copy)" -P "$lxcpath" -n "$name" -N "$klt-copy" >"$work/out" 2>&1 || fail "$1: copy: $(cat "$work/out")"
  k destroy -n "$klt-copy" || fail "$1: destroy of the copy"
  soon "$KEELSON_BUILD/bin/keelson" recover >"$work/out" 2>&1 || fail "$1: recover: $(cat "$work/out")"
  gone "$name" && fail "$1: recover did not leave it to who is at it"
}
k start -n "$name" || fail "nat"
hold
soon "$(program stop)" -P "$lxcpath" -k -n "$name" || fail "stop waits for what nobody needs"
is_over "after stop"
k start -n "$name" >"$work/out" 2>&1 &
start=$!
sleep 0.3
kill -0 $start 2>/dev/null || fail "a start did not wait for the last end: $(cat "$work/out")"
let_go
wait $start || fail "a start after the last end: $(cat "$work/out")"
[ ! -s "$work/out" ] || fail "a start that had to wait says: $(cat "$work/out")"
[ "$(state "$name")" = RUNNING ] || fail "after the wait it is $(state "$name")"
k stop -k -n "$name" || fail "stop"
all_gone "$name" "nat"
host_is_as_it_was "after a start that waited"

# In the foreground another process does it, which holds nothing of the caller's.
foreground() { # leaves $ender, at work
  mkfifo "$work/fifo.$1"
  { out=$(k execute -n "$name" -- sh -c 'read word; echo "$word"' <"$work/fifo.$1" 9>"$work/open"); echo "$? $out" >"$work/said"; } &
  local start=$!
  exec 7>"$work/fifo.$1"
  wait_for 10 running || fail "$1: it does not run"
  hold
  echo done >&7; exec 7>&-
  wait_for 20 eval "! kill -0 $start 2>/dev/null" || fail "$1: the caller's pipe stays open: $(ps -ef | grep -F "$lxcpath")"
  [ "$(cat "$work/said")" = "0 done" ] || fail "$1: it said: $(cat "$work/said")"
  is_over "$1"
  wait_for 5 ending "$name" || fail "$1: nobody takes back what is left"
  ls -l "/proc/$ender/fd" | grep -F -e "$work/open" -e pipe: && fail "$1: who takes back the rest holds what is the caller's"
  [ "$(awk '{print $6}' "/proc/$ender/stat" | tail -n 1)" != "$(awk '{print $6}' /proc/$$/stat)" ] || fail "$1: in the session of the caller"
}
running() { [ "$(state "$name")" = RUNNING ]; }
foreground "in the foreground"
kill -TERM "$ender"; kill -HUP "$ender"
let_go
all_gone "$name" "in the foreground"
host_is_as_it_was "after a life in the foreground"

# Killed: recover, or the next command, finishes.
for finish in recover info start; do
  foreground "killed, then $finish"
  grep -q '^! ended$' "$journal" || fail "the journal does not say that the container has ended: $(cat "$journal")"
  kill -KILL "$ender"
  let_go
  wait_for 10 eval "! ending $name" || fail "it cannot be killed"
  [ -e /sys/class/net/keelson0 ] || fail "nothing is left to be taken back, so this test shows nothing"
  case $finish in
    recover) "$KEELSON_BUILD/bin/keelson" recover >"$work/out" 2>&1 ;;
    info) k info -n "$name" -s >"$work/out" 2>&1 ;;
    start) k start -F -n "$name" -- true >"$work/out" 2>&1 ;;
  esac || fail "$finish failed: $(cat "$work/out")"
  [ "$finish" = start ] || gone "$name" || fail "$finish left the journal"
  all_gone "$name" "$finish"
  host_is_as_it_was "killed, then $finish"
done
