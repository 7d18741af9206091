#!/bin/bash
# The unit tests under the second kernel: what one of them skips for want of cgroup2, a link type or a security module
# is tested there.
# needs: cgroup2-only vlan ipvlan
# also: apparmor selinux
# timeout: 100
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "the unit tests are Keelson's own"

"$KEELSON_BUILD/bin/keelson-unit" --gtest_brief=1 >"$work/out" 2>&1
code=$?
grep -E -A1 ' (Skipped|Failure)$' "$work/out"
grep '^\[' "$work/out"
[ $code = 0 ] || fail "a unit test failed: $(sed -n 's/^\[  FAILED  \] //p' "$work/out" | head -1)"
