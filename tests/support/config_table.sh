# Tables of configuration keys: what each does to a running container, seen from inside. After system.sh:
#
#   row LINE COMMAND EXPECTED [CLEARED]   LINE goes into the configuration; COMMAND, run by the container's init, prints
#                                         EXPECTED; CLEARED when LINE's key is emptied below it (not given: not asked)
#   line LINE                             goes into the configuration without a question of its own
#   ours                                  what follows is for our own runtime alone, which LXC 5.0.2 does not have
#   look NAME [OPTION...]                 starts a container with all rows (OPTIONs are of lxc-start), compares, forgets them
#
# `look` asks the running container for each key too (lxc-info -c), writes and removes the lines by keelson config, has the cleared rows in a second container NAME-cleared, and
# leaves the first one running. Its init is /bin/sh /look; an init that is named by a row has to end in /look, too.
root_outside= # who is the container's root, for a container with an id map
lines=() commands=() expected=() cleared=() only_ours=
wrong=0 asked=0

ours() { [ "${KEELSON_AS:-}" != lxc ] || only_ours=skip; }
line() { [ -n "$only_ours" ] || lines+=("$1"); }
row() {
  [ -z "$only_ours" ] || return
  line "$1"
  commands+=("$2")
  expected+=("$3")
  cleared+=("${4-not asked}")
}

# The script that is init: answers to all commands, a file each. And /hook, which leaves its environment in /answers/of-hook.
write_look() { # ROOTFS
  local i
  {
    echo 'bounding() { local set=$(awk "/CapBnd/{print \$2}" /proc/1/status) bit; for bit; do printf %s $(((0x$set >> bit) & 1)); done; echo; }'
    for i in "${!commands[@]}"; do printf '{ %s\n} >/answers/%s 2>&1\n' "${commands[i]}" "$i"; done
    echo 'touch /answers/all; while :; do sleep 1000 & wait; done'
  } >"$1/look"
  mkdir -p "$1/answers"
  chmod 777 "$1/answers"
  rm -f "$1/bin/init"
  printf '#!/bin/sh\nexec /bin/sh /look by-default\n' >"$1/bin/init"
  printf '#!/bin/sh\nenv >/answers/of-hook\n' >"$1/hook"
  chmod 755 "$1/bin/init" "$1/hook"
}

differs() { echo "$*"; wrong=$((wrong + 1)); }

compare_answers() { # NAME EXPECTED...
  local name=$1 i=0 answer wanted; shift
  for wanted; do
    answer=$(cat "$lxcpath/$name/rootfs/answers/$i" 2>&1)
    asked=$((asked + 1))
    [ "$wanted" = "not asked" ] || [ "$answer" = "$wanted" ] ||
      differs "$name: ${commands[i]} prints '$answer', not '$wanted'"
    i=$((i + 1))
  done
}

start_and_wait() { # NAME OPTION...
  local name=$1; shift
  write_look "$lxcpath/$name/rootfs"
  [ -z "$root_outside" ] || chown -R "$root_outside:$root_outside" "$lxcpath/$name/rootfs"
  k start -n "$name" "$@" >"$work/err" 2>&1 || fail "$name does not start: $(cat "$work/err"; grep -v DEBUG "$work/log")"
  answered() { [ -e "$lxcpath/$name/rootfs/answers/all" ]; }
  wait_for 20 answered || fail "$name: only $(ls "$lxcpath/$name/rootfs/answers") answered"
}

# The running container tells of each key what its configuration file did when it was started.
compare_running() { # NAME
  local key running file
  [ "${KEELSON_AS:-}" = lxc ] || : >"$lxcpath/$1/config" # LXC asks the file
  for key in $(keys); do
    asked=$((asked + 1))
    running=$(k info -n "$1" -H -c "$key" 2>&1)
    file=$("$(program info)" -P "$work/files" -n "$1" -H -c "$key" 2>&1)
    [ "$running" = "$file" ] || differs "$1, running: $key is '$running', in the file '$file'"
    [ -n "$running" ] || differs "$1, running: $key has no value"
  done
}

keys() { printf '%s\n' "${lines[@]}" | sed -E 's/ *=.*//' | sort -u; }

# Saved key by key, by our own command; LXC has none for it.
write_config() { # NAME
  if [ "${KEELSON_AS:-}" = lxc ]; then
    container "$1" "${lines[@]}"
  else
    container "$1"
    "$KEELSON_BUILD/bin/keelson" config set "$lxcpath/$1/config" "${lines[@]}" || fail "config set of all lines of $1"
  fi
}
compare_unset() { # FILE
  local left
  "$KEELSON_BUILD/bin/keelson" config unset "$1" $(keys) || differs "config unset of all keys of $1"
  left=$(sed -E '/^lxc.(rootfs.path|uts.name) /d' "$1")
  [ -z "$left" ] || differs "config unset leaves: $left"
}

look() { # NAME OPTION...
  local name=$1 given; shift
  write_config "$name"
  start_and_wait "$name" "$@"
  compare_answers "$name" "${expected[@]}"
  mkdir -p "$work/files/$name"
  cp "$lxcpath/$name/config" "$work/files/$name/config"
  compare_running "$name"
  [ "${KEELSON_AS:-}" = lxc ] || compare_unset "$work/files/$name/config"
  if printf '%s\n' "${cleared[@]}" | grep -qv '^not asked$'; then look_cleared "$name" "$@"; fi
  lines=() commands=() expected=() cleared=() only_ours=
}

look_cleared() { # NAME OPTION...
  local name=$1-cleared i emptied=(); shift
  for i in "${lines[@]}"; do
    grep -qxF "${i%% =*}" <<<"$not_cleared" || emptied+=("${i%% =*} =")
  done
  container "$name" "lxc.uts.name = $klt" "${lines[@]}" "${emptied[@]}" "lxc.mount.auto = proc:rw"
  start_and_wait "$name" "$@"
  compare_answers "$name" "${cleared[@]}"
  k stop -k -n "$name" || fail "$name does not stop"
}
# Keys of which an empty line is an error, or would take away what the test itself needs.
not_cleared=lxc.arch
