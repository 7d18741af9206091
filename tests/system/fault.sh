#!/bin/bash
# A sample of the points at which a system call fails or a process dies: always the same ones. tests/fault/every-point tries all.
# also: nothing
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC is not what fails here"
fault=$KEELSON_BUILD/bin/keelson-fault
[ -x "$fault" ] || skip "keelson-fault is built on x86-64 only"
try() { # EVERY OPTION...
  "$fault" --every "$@" || fail "see above"
}
try 23 --operation start --network veth
try 61 --operation start --network nat --first 7
try 61 --operation start --cause KILL --first 3
try 17 --operation stop --network veth
try 19 --operation stop --cause KILL
try 13 --operation freeze
try 41 --operation attach
try 29 --operation create
try 61 --operation create --cause KILL
try 37 --operation copy
try 67 --operation copy --cause KILL
try 31 --operation destroy
