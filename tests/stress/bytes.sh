#!/bin/bash
# Bad bytes: a monitor's command socket gets what no client of ours sends; configuration, state and journal end after every one
# of their bytes. Each is a clear error or a clean recovery, never a crash or a hang.
# STRESS_STRIDE (1): the step from one length of a file to the next.
# own-host
. "$(dirname "$(readlink -f "$0")")/../support/system.sh"
. "$(dirname "$(readlink -f "$0")")/vocabulary.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "this is about Keelson's files and monitor"
stride=${STRESS_STRIDE:-1} name=$klt-b
remember_host

# ends_well WHAT COMMAND...: success, or an error that says something
ends_well() {
  within 20 "${@:2}" >"$work/said" 2>&1 </dev/null
  local code=$?
  [ $code -lt 124 ] || fail "$1: ended with $code: $(cat "$work/said")"
  [ $code = 0 ] || [ -s "$work/said" ] || fail "$1: failed with $code and without a word"
  return $code
}
kw() { local what=$1 verb=$2; shift 2; ends_well "$what" "$(program "$verb")" -P "$lxcpath" -n "$name" "$@"; }
lengths() { seq 0 "$stride" "$(stat -c %s "$1")"; }

# the command socket
sleeper "$name" "lxc.console.buffer.size = auto"
k start -n "$name" || fail "no container"
monitor=$(monitor_of "$name")
python3 "$stress/command_socket.py" bytes "$lxcpath" "$name" || fail "bad bytes, the first time"
read -r fds kib <<<"$(weigh "$monitor")"
python3 "$stress/command_socket.py" bytes "$lxcpath" "$name" || fail "bad bytes"
weighs_as_before "$monitor" "after bad bytes" "$fds" "$kib"
[ "$(state_of "$name")" = RUNNING ] || fail "after bad bytes it is $(state_of "$name")"

# the state that a running container keeps for commands
runtime=$(dirname "$(find /run/keelson -path "*$klt*/$name/state")")
[ -s "$runtime/state" ] && [ -s "$runtime/journal" ] || fail "no state or journal in $runtime"
cp "$runtime/state" "$work/state"
cp "$runtime/journal" "$work/journal"
for length in $(lengths "$work/state"); do
  head -c "$length" "$work/state" >"$runtime/state"
  ! kw "attach with $length bytes of state" attach -- true || [ "$length" = "$(stat -c %s "$work/state")" ] ||
    fail "attach with $length bytes of state: how the container is confined is not known then"
done
cp "$work/state" "$runtime/state"
kw "attach with all of the state" attach -- true || fail "attach: $(cat "$work/said")"
k stop -k -n "$name" || fail "no stop"
host_is_as_it_was "after bad bytes and bad states"

# the journal of a monitor that died; what it tells of is gone already
for length in $(lengths "$work/journal"); do
  mkdir -p "$runtime"
  head -c "$length" "$work/journal" >"$runtime/journal"
  kw "info with $length bytes of journal" info || fail "info with $length bytes of journal: $(cat "$work/said")"
  kw "wait with $length bytes of journal" wait -s STOPPED -t 5 || fail "wait with $length bytes of journal: $(cat "$work/said")"
done
kw "start after bad journals" start || fail "start after bad journals: $(cat "$work/said")"
k stop -k -n "$name" || fail "no stop"
host_is_as_it_was "after bad journals"

# the configuration
config=$lxcpath/$name/config
cp "$config" "$work/config"
for length in $(lengths "$work/config"); do
  head -c "$length" "$work/config" >"$config"
  kw "plan with $length bytes of configuration" start --plan
done
for length in $(lengths "$work/config"); do # and one bit wrong
  python3 - "$work/config" "$config" "$length" <<'P'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[3]) % len(data)] ^= 0x80
open(sys.argv[2], "wb").write(data)
P
  kw "info with byte $length of the configuration changed" info
done
cp "$work/config" "$config"
host_is_as_it_was "after bad configurations"
