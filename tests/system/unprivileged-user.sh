#!/bin/bash
# A container of an ordinary user in a delegated cgroup, without systemd: limits bite.
# needs: user cgroup2-only
. "$(dirname "$0")/../support/system.sh"
. "$support/unprivileged.sh"

delegated=/sys/fs/cgroup/user-$user
own_cgroup() (
  leaf=$delegated/own-$BASHPID
  mkdir "$leaf"
  echo "$BASHPID" >"$leaf/cgroup.procs"
  exec "$@"
)

if [ "${1:-}" = as-user ]; then
  export KEELSON_TEST_CGROUP=$delegated
  as_the_user
else
  as_root
fi
