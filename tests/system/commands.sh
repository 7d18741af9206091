#!/bin/bash
# Options and lines that are odd but possible: each command ends as it says, and neither hangs nor loses what another did.
. "$(dirname "$0")/../support/system.sh"
keelson=$KEELSON_BUILD/bin/keelson
name=$klt-c
container "$name" "lxc.net.0.type = empty"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC has no command that changes a configuration"

# Who changes a configuration at the same time as others undoes nothing of theirs.
many=20
for ((i = 0; i < many; i++)); do
  "$keelson" config set -P "$lxcpath" "$name" "lxc.environment = KLT$i=1" &
done
wait
[ "$(grep -c KLT "$lxcpath/$name/config")" = $many ] || fail "of $many lines: $(grep KLT "$lxcpath/$name/config")"
