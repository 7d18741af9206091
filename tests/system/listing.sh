#!/bin/bash
# ls -f: what it says of many that run, and of monitors that do not answer, answer nonsense, or die while they are asked.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
first=$klt-a
container "$first" "lxc.net.0.type = veth" "lxc.net.0.flags = up" "lxc.net.0.ipv4.address = 10.77.3.2/24" \
  "lxc.net.0.ipv4.address = 10.77.3.3/24" "lxc.net.0.ipv6.address = fd00:77::2/64" "lxc.group = front back" \
  "lxc.group = all" "lxc.start.auto = 1"
names=("$first")
for i in $(seq -w 2 30); do
  twin "$klt-m$i" "$first" "lxc.net.0.type = empty"
  names+=("$klt-m$i")
done
twin "$klt-stopped" "$first" "lxc.idmap = u 0 100000 65536" "lxc.idmap = g 0 100000 65536"
for name in "${names[@]}"; do k start -n "$name" || fail "$name does not start"; done
frozen=$klt-m30
k freeze -n "$frozen" || fail "$frozen is not frozen"

says() { # NAME ROW, of what was listed last
  local row; row=$(awk -v n="$1" '$1 == n { $1 = ""; print substr($0, 2) }' "$work/list")
  [ "$row" = "$2" ] || fail "of $1 ls says '$row', not '$2'"
}
all_are_right() {
  k ls -f >"$work/list"
  says "$first" "RUNNING 1 front, back, all 10.77.3.2, 10.77.3.3 fd00:77::2 false"
  says "$frozen" "FROZEN 0 - - - false"
  says "$klt-stopped" "STOPPED 0 - - - true"
  [ "$(k ls -f --running | grep -c ' RUNNING ')" = $((${#names[@]} - 1)) ] || fail "not all that run are listed: $(k ls -f)"
  [ "$(k ls -1 --frozen)" = "$frozen" ] || fail "not the frozen one: $(k ls -1 --frozen)"
  local pid; pid=$(k info -n "$first" -p -H)
  [ "$(k ls -f -F name,pid,interface | awk -v n="$first" '$1 == n {print $2, $3, $4}')" = "$pid eth0, lo" ] ||
    fail "pid and links: $(k ls -f -F name,pid,interface)"
}
all_are_right

if [ "${KEELSON_AS:-}" != lxc ]; then
  if command -v lxc-start >/dev/null; then # a monitor of LXC's is asked as LXC asks
    twin "$klt-lxc" "$first" "lxc.net.0.type = empty" "lxc.apparmor.profile = unconfined"
    if lxc-start -P "$lxcpath" -n "$klt-lxc"; then
      k ls -f >"$work/list"
      says "$klt-lxc" "RUNNING 0 - - - false"
      [ "$(k ls -f -F name,pid | awk -v n="$klt-lxc" '$1 == n {print $2}')" = "$(lxc-info -P "$lxcpath" -n "$klt-lxc" -pH)" ] ||
        fail "the pid of LXC's container: $(k ls -f -F name,pid)"
      lxc-stop -k -P "$lxcpath" -n "$klt-lxc"
    fi
  fi

  monitor_of() { awk '/^PPid/{print $2}' "/proc/$(k info -n "$1" -p -H)/status"; }
  still=$(monitor_of "$klt-m10")
  [ "$still" -gt 1 ] && kill -STOP "$still" || fail "no monitor to stop"
  at_end kill -CONT "$still"
  # Three that listen and are no monitors: one says nonsense, one half an answer, one hangs up.
  python3 - "$lxcpath" "$klt-bad" >"$work/ready" <<'PY' &
import os, select, socket, struct, sys
says = {"1": b"\xff" * 16, "2": b"\0" * 8, "3": b"", "4": struct.pack("iiQ", 0, 2000000000, 77)}
open_ = {}
for kind in says:
    s = socket.socket(socket.AF_UNIX)
    s.bind(("\0%s/%s%s/command" % (sys.argv[1], sys.argv[2], kind)).encode())
    s.listen(100)
    open_[s] = kind
print("ready", flush=True)
while True:
    for s in select.select(list(open_), [], [])[0]:
        connection = s.accept()[0]
        connection.sendall(says[open_[s]])
        connection.close()
PY
  liar=$!
  quietly() { "$@" 2>/dev/null; }
  at_end quietly kill "$liar"
  wait_for 10 grep -q ready "$work/ready" || fail "no liar"
  k ls -f >"$work/list"
  says "$klt-m10" "- 0 - - - false"
  for kind in 1 2 3 4; do says "$klt-bad$kind" "- 0 - - - false"; done
  all=$((${#names[@]} - 2))
  [ "$(grep -c ' RUNNING ' "$work/list")" = "$all" ] || fail "beside the silent ones others are lost: $(cat "$work/list")"
  kill "$liar"; kill -CONT "$still"
  wait "$liar" 2>/dev/null
  all_are_right

  # What is named by anybody does nothing to a terminal.
  steering=$(printf 'x\033[31m\033]0;y\a')
  python3 - "$lxcpath/$steering" >"$work/another" <<'PY' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(("\0" + sys.argv[1] + "/command").encode())
s.listen(10)
print("ready", flush=True)
time.sleep(1000)
PY
  other=$!
  at_end quietly kill "$other"
  wait_for 10 grep -q ready "$work/another" || fail "no socket of another"
  k ls -f >"$work/list" 2>"$work/said"
  grep -q 'x?\[31m?\]0;y?' "$work/said" || fail "ls does not tell of a name that no container can have: $(cat "$work/said")"
  LC_ALL=C grep -q '[[:cntrl:]]' "$work/said" && fail "ls passes on what steers a terminal: $(cat -v "$work/said")"
  kill "$other"; wait "$other" 2>/dev/null
  c1=$(printf 'y\302\23331m')
  twin "$klt-$c1" "$first" "lxc.net.0.type = empty" "lxc.start.auto = 1"
  inside() { nsenter -t "$(k info -n "$first" -p -H)" -n "$@"; }
  inside ip link add name "$(printf 'e\033[31m')" type bridge || fail "no link in the container"
  for verb in "ls -f -F name,interface" "ls" "autostart -L -A"; do
    on_terminal -- "$(program "${verb%% *}")" -P "$lxcpath" $(cut -s -d' ' -f2- <<<"$verb") >"$work/seen"
    grep -q "$klt-y??31m" "$work/seen" || fail "$verb on a terminal does not show all: $(cat -v "$work/seen")"
    LC_ALL=C grep -q "$(printf '[\033\233]')" "$work/seen" && fail "$verb passes on what steers a terminal: $(cat -v "$work/seen")"
  done
  k ls -1 | grep -qx "$klt-$c1" || fail "a program does not get the names as they are"
  rm -rf "${lxcpath:?}/$klt-$c1"
  inside ip link del "$(printf 'e\033[31m')"

  # Some die in the middle.
  for name in "${names[@]:1:12}"; do kill -KILL "$(monitor_of "$name")" & done
  k ls -f >"$work/said" || fail "ls while monitors die"
  wait $(jobs -p)
  grep -q "^$first RUNNING" <(tr -s ' ' <"$work/said") || fail "while others die, $first is lost: $(cat "$work/said")"
  [ "$(wc -l <"$work/said")" -ge $((${#names[@]} + 2)) ] || fail "what is defined is listed all the same: $(cat "$work/said")"
  "$KEELSON_BUILD/bin/keelson" recover >/dev/null || fail "recover"
fi
exit 0
