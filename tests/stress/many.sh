#!/bin/bash
# Many at once: clients of one monitor, containers that come and go, and commands for one container that meet each other.
# STRESS_CLIENTS (64), STRESS_CONTAINERS (20) and STRESS_SECONDS (20) say how much.
# own-host
. "$(dirname "$(readlink -f "$0")")/../support/system.sh"
. "$(dirname "$(readlink -f "$0")")/vocabulary.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "this is about Keelson's monitor"
clients=${STRESS_CLIENTS:-64} containers=${STRESS_CONTAINERS:-20} seconds=${STRESS_SECONDS:-20}
remember_host

# Within a time, and without a signal: its exit code
kw() { # VERB ARGUMENT...
  local verb=$1 code; shift
  said_in=$work/said.$BASHPID
  within 60 "$(program "$verb")" -P "$lxcpath" "$@" >"$said_in" 2>&1
  code=$?
  [ $code -lt 124 ] || fail "$verb $* ended with $code: $(said)"
  return $code
}
said() { cat "$said_in"; }

# 1. one container, every command
one=$klt-one
sleeper "$one" "lxc.tty.max = 2" "lxc.pty.max = 8" "lxc.console.buffer.size = auto"
k start -n "$one" || fail "no container"
monitor=$(monitor_of "$one")
python3 "$stress/command_socket.py" every "$lxcpath" "$one" "$clients" 1 || fail "every command, the first time"
read -r fds kib <<<"$(weigh "$monitor")"
python3 "$stress/command_socket.py" every "$lxcpath" "$one" "$clients" $((seconds / 5 + 1)) || fail "every command"
weighs_as_before "$monitor" "after every command" "$fds" "$kib"
[ "$(state_of "$one")" = RUNNING ] || fail "after every command it is $(state_of "$one")"
k stop -k -n "$one" || fail "after every command it does not stop"
host_is_as_it_was "after every command"

# 2. containers that come and go, each worker's its own; what a command leaves is what the next one finds
expect() { # CODE STATE NAME VERB ARGUMENT...
  kw "$4" -n "$3" "${@:5}"
  local code=$?
  [ $code = "$1" ] || fail "${*:4} of $3 gave $code: $(said)"
  [ "$(state_of "$3")" = "$2" ] || fail "after ${*:4} $3 is $(state_of "$3"), not $2"
}
step() { # NAME: one thing that can happen to it now
  local choice=$((RANDOM % 4))
  case $(state_of "$1") in
    STOPPED) expect 0 RUNNING "$1" start ;;
    RUNNING)
      case $choice in
        0) expect 0 FROZEN "$1" freeze ;;
        1) expect 0 STOPPED "$1" stop -k ;;
        2) expect 3 RUNNING "$1" attach -- sh -c 'exit 3' ;;
        3) expect 0 RUNNING "$1" start ;;
      esac ;;
    FROZEN)
      case $choice in
        0 | 1) expect 0 RUNNING "$1" unfreeze ;;
        2) expect 0 FROZEN "$1" freeze ;;
        3) expect 0 STOPPED "$1" stop -k ;;
      esac ;;
    *) fail "$1 is $(state_of "$1")" ;;
  esac
}
worker() { # NAME...
  trap - EXIT
  local end=$((SECONDS + seconds)) steps=0
  RANDOM=$BASHPID
  while [ $SECONDS -lt $end ]; do
    step "${@:RANDOM % $# + 1:1}"
    steps=$((steps + 1))
  done
  echo "$steps" >>"$work/steps"
}
workers=8
for ((i = 0; i < containers; i++)); do sleeper "$klt-c$i"; done
jobs=()
for ((w = 0; w < workers; w++)); do
  own=()
  for ((i = w; i < containers; i += workers)); do own+=("$klt-c$i"); done
  [ ${#own[@]} = 0 ] || { worker "${own[@]}" & jobs+=($!); }
done
for job in "${jobs[@]}"; do wait "$job" || failed=1; done
[ -z "${failed:-}" ] || fail "containers that come and go"
echo "$containers containers, $(awk '{sum += $1} END {print sum}' "$work/steps") steps"
for ((i = 0; i < containers; i++)); do
  [ "$(state_of "$klt-c$i")" = STOPPED ] || kw stop -k -n "$klt-c$i" || fail "$klt-c$i does not stop: $(said)"
done
host_is_as_it_was "after containers that came and went"

# 3. commands that meet
meet() { # in the background, each after a moment of its own
  local pause=$((RANDOM % 30))
  { trap - EXIT; sleep "0.0$((pause / 10))$((pause % 10))"; kw "$@"; echo $? >"$work/code.$1$((++met))"; } &
}
two=$klt-two
sleeper "$two"
end=$((SECONDS + seconds / 4 + 1)) rounds=0
while [ $SECONDS -lt $end ]; do
  rounds=$((rounds + 1))
  met=0
  meet start -n "$two"; met=1
  meet start -n "$two"
  wait
  [ "$(state_of "$two")" = RUNNING ] || fail "two starts at once leave it $(state_of "$two")"
  [ "$(cat "$work/code.start1")$(cat "$work/code.start2")" != 11 ] || fail "of two starts at once both failed"
  one_monitor() { [ "$(processes_of_the_test | grep -c 'lxc monitor')" = 1 ]; } # once that of the other has gone
  wait_for 5 one_monitor || fail "two starts at once: $(processes_of_the_test)"
  kw stop -k -n "$two" || fail "stop after two starts at once: $(said)"
  kw start -n "$two" & kw stop -k -n "$two"
  wait
  case $(state_of "$two") in
    RUNNING) kw stop -k -n "$two" || fail "stop after a stop during a start: $(said)" ;;
    STOPPED) ;;
    *) fail "a stop during a start leaves it $(state_of "$two")" ;;
  esac
done
echo "$rounds rounds of starts and stops that met"
host_is_as_it_was "after starts and stops that met"

# 4. destroy during copy: each is done or refused, and nothing half is left
end=$((SECONDS + seconds / 4 + 1))
while [ $SECONDS -lt $end ]; do
  container "$klt-from" "lxc.net.0.type = empty"
  met=0
  meet copy -n "$klt-from" -N "$klt-to"
  meet destroy -n "$klt-from"
  wait
  if [ "$(cat "$work/code.copy1")" = 0 ]; then
    kw start -n "$klt-to" -- /bin/true || fail "the copy of what was destroyed meanwhile does not start: $(said)"
    ended() { [ "$(state_of "$klt-to")" = STOPPED ]; }
    wait_for 10 ended || fail "/bin/true in the copy does not end"
    kw destroy -n "$klt-to" || fail "the copy of what was destroyed meanwhile cannot be destroyed: $(said)"
  fi
  [ ! -e "$lxcpath/$klt-to" ] || kw destroy -n "$klt-to" || fail "what a failed copy left cannot be destroyed: $(said)"
  [ ! -e "$lxcpath/$klt-from" ] || kw destroy -n "$klt-from" || fail "what was copied cannot be destroyed: $(said)"
done
host_is_as_it_was "after copies and destroys that met"
