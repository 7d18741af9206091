#!/bin/bash
# A container runs in the SELinux context that its configuration names, and so does what attaches to it.
# needs: selinux
. "$(dirname "$0")/../support/system.sh"
context=system_u:system_r:lxc_t:s0:c22
label() { tr -d '\0 \n'; }

container confined "lxc.selinux.context = $context" "lxc.mount.auto = proc:rw" "lxc.net.0.type = empty"
container free "lxc.mount.auto = proc:rw" "lxc.net.0.type = empty"
for name in confined free; do
  echo secret >"$lxcpath/$name/rootfs/secret"
  chcon system_u:object_r:secret_t:s0 "$lxcpath/$name/rootfs/secret" || skip "$work does not keep labels"
  check "$name did not start" k start -n $name
done
got=$(k attach -n confined -- /bin/cat /proc/1/attr/current | label)
[ "$got" = "$context" ] || fail "init has the context '$got'"
got=$(k attach -n confined -- /bin/cat /proc/self/attr/current | label)
[ "$got" = "$context" ] || fail "an attached process has the context '$got'"
k attach -n confined -- /bin/cat /secret && fail "the policy did not deny reading the secret"
[ "$(k attach -n confined -- /bin/cat /etc/passwd)" != "" ] || fail "the policy denied more than the secret"
# without a context nothing is denied: the denial above was the policy's
[ "$(k attach -n free -- /bin/cat /secret)" = secret ] || fail "an unconfined container could not read the secret"

# The session keyring of init carries the context of its own, without one that of the processes, and without both the starter's.
label_of_key() { # SERIAL: keyctl(2), KEYCTL_GET_SECURITY
  python3 -c 'import ctypes, sys
text = ctypes.create_string_buffer(256)
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(250, 17, int(sys.argv[1], 16), text, 256) < 0: sys.exit("keyctl: errno %d" % ctypes.get_errno())
print(text.value.decode())' "$1"
}
session_keyrings() { awk '$9 ~ /^_ses/ {print $1}' /proc/keys | sort; } # root sees those of all
keyrings_of() { # NAME LINE...: the contexts of its session keyrings, one a line: that of init, and what it had before its identity
  local name=$1 before key; shift
  twin "$name" free "lxc.net.0.type = empty" "$@"
  before=$(session_keyrings)
  k start -n "$name" || fail "$name did not start"
  for key in $(comm -13 <(echo "$before") <(session_keyrings)); do label_of_key "$key"; done
}
of_keyring=system_u:object_r:secret_t:s0
got=$(keyrings_of both-labels "lxc.selinux.context = $context" "lxc.selinux.context.keyring = $of_keyring")
grep -qxF "$of_keyring" <<<"$got" || fail "the keyring has the context '$got', not $of_keyring"
before=$(session_keyrings)
k attach -n both-labels -- /bin/sleep 1000 &
of_attached() {
  local key
  for key in $(comm -13 <(echo "$before") <(session_keyrings)); do
    [ "$(label_of_key "$key" 2>/dev/null)" != "$of_keyring" ] || return 0
  done
  return 1
}
wait_for 10 of_attached || fail "the keyring of an attached process has another context than that of init"
got=$(keyrings_of one-label "lxc.selinux.context = $context")
grep -qxF "$context" <<<"$got" || fail "the keyring has the context '$got', not $context"
got=$(keyrings_of no-label "lxc.selinux.context = unconfined_t")
[ "$(sort -u <<<"$got")" = "$(label </proc/self/attr/current)" ] || fail "without a key the keyring has the context '$got'"

container wrong "lxc.selinux.context = system_u:system_r:no_such_t:s0" "lxc.net.0.type = empty"
k start -n wrong 2>/dev/null && fail "a container started with a context that the policy does not have"
exit 0
