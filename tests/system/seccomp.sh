#!/bin/bash
# A policy file filters the system calls of a container and of what attaches to it, the second time from the cache.
. "$(dirname "$0")/../support/system.sh"
policy=$work/policy
printf '2\ndenylist\nreject_force_umount\n[all]\nmkdir errno 42\nmkdirat errno 42\nkexec_load errno 1\n' >"$policy"
container filtered "lxc.net.0.type = empty" "lxc.seccomp.profile = $policy" "lxc.mount.auto = proc:rw"
for round in first second; do
  check "the $round start failed" k start -n filtered
  filters=$(k attach -n filtered -- /bin/sed -n 's/^Seccomp:[^0-9]*//p' /proc/1/status)
  [ "$filters" = 2 ] || fail "init of the $round start has no filter: '$filters'"
  k attach -n filtered -- /bin/mkdir /tmp/made 2>/dev/null && fail "mkdir was not denied after the $round start"
  check "what no rule names is denied" k attach -n filtered -- /bin/touch /tmp/touched
  check "it did not stop" k stop -k -n filtered
done

# A starter that is confined itself leaves the policy out, but for lxc.seccomp.allow_nesting.
filters() { sed -n 's/^Seccomp_filters:[^0-9]*//p' "/proc/$(k info -n "$1" -pH)/status"; }
confined() { # COMMAND...: under a filter that allows everything
  python3 -c 'import ctypes, os, struct, sys
code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 1, ctypes.addressof(code)))
if ctypes.CDLL(None).prctl(22, 2, program) != 0: sys.exit("no seccomp")
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}
twin nested filtered "lxc.net.0.type = empty" "lxc.seccomp.profile = $policy"
if [ "${KEELSON_AS:-}" != lxc ]; then # LXC 5 leaves the policy out as well, and then fails to load it
  check "a confined starter could not start it" confined "$(program start)" -P "$lxcpath" -n nested
  [ "$(filters nested)" = 1 ] || fail "a confined starter loaded the policy nevertheless: $(filters nested)"
  k stop -k -n nested
fi
echo "lxc.seccomp.allow_nesting = 1" >>"$lxcpath/nested/config"
check "a confined starter could not start it with allow_nesting" confined "$(program start)" -P "$lxcpath" -n nested
[ "$(filters nested)" = 2 ] || fail "lxc.seccomp.allow_nesting has no effect: $(filters nested) filters"
k stop -k -n nested

echo 'read allow' >>"$policy"
k start -n filtered 2>/dev/null && fail "started with a bad policy"
exit 0
