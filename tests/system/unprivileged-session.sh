#!/bin/bash
# A container of an ordinary user in a systemd session, whose manager delegates a cgroup over D-Bus: limits bite.
# needs: user-session cgroup2-only
# timeout: 90
. "$(dirname "$0")/../support/system.sh"
. "$support/unprivileged.sh"

own_cgroup() { systemd-run --user --scope -q -p Delegate=yes "$@"; }

if [ "${1:-}" = as-user ]; then
  export KEELSON_TEST_CGROUP=/sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service
  as_the_user
else
  as_root --session
fi
