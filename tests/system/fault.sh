#!/bin/bash
# A sample of the points at which a system call fails or a process dies: always the same ones. tests/fault/every-point tries all.
# also: nothing
# timeout: 240
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC is not what fails here"
fault=$KEELSON_BUILD/bin/keelson-fault
! grep -qs '^KEELSON_SANITIZE:BOOL=ON' "$KEELSON_BUILD/CMakeCache.txt" || skip "the calls that sanitizers make would fail as well"
[ -x "$fault" ] || skip "keelson-fault is built on x86-64 only"
try() { # EVERY OPTION...
  "$fault" --every "$@" || fail "see above"
}
try 23 --operation start --network veth
try 61 --operation start --network nat --first 7
try 61 --operation start --cause KILL --first 3
try 11 --operation stop --cause INIT
try 1 --operation start --cause NOMEM
try 1 --operation start --cause NOMEM --line "lxc.environment = LONG=$(printf %020000d 0)"
try 61 --operation start --owner user --first 11
try 29 --operation start --owner delegated --first 27
try 17 --operation stop --network veth
try 11 --operation stop --network phys --first 2
try 19 --operation stop --owner delegated
try 19 --operation stop --cause KILL
try 31 --operation life --network veth
try 43 --operation life --cause KILL --network nat
try 13 --operation freeze
try 2 --operation freeze --small --cause NOMEM
try 41 --operation attach --first 1
try 23 --operation attach --cause INIT
try 47 --operation attach --owner delegated
try 3 --operation attach --cause NOMEM
try 29 --operation create
try 61 --operation create --cause KILL
try 47 --operation create --owner user --cause KILL
try 37 --operation copy
try 67 --operation copy --cause KILL
try 31 --operation destroy
