#!/bin/bash
# The unit tests under the second kernel: what one of them skips for want of cgroup2, a link type or a security module
# is tested there. Of a boot with a security module, only those on files and on the module itself, which it could change.
# needs: cgroup2-only vlan ipvlan
# also: apparmor selinux
# timeout: 180
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "the unit tests are Keelson's own"
[ -z "${ASAN_OPTIONS:-}" ] || ASAN_OPTIONS=${ASAN_OPTIONS%:handle_abort=1} # some of their processes abort on purpose

tests='*'
if grep -qE 'apparmor|selinux' /sys/kernel/security/lsm; then tests='AppArmor*:*Tree*:Storage*:*Overlay*:*Mount*:Rootfs*'; fi
"$KEELSON_BUILD/bin/keelson-unit" --gtest_brief=1 --gtest_filter="$tests" >"$work/out" 2>&1
code=$?
grep -E -A1 ' (Skipped|Failure)$' "$work/out"
grep '^\[' "$work/out"
[ $code = 0 ] || fail "a unit test failed: $(sed -n 's/^\[  FAILED  \] //p' "$work/out" | head -1)"
