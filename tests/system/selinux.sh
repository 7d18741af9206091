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

container wrong "lxc.selinux.context = system_u:system_r:no_such_t:s0" "lxc.net.0.type = empty"
k start -n wrong 2>/dev/null && fail "a container started with a context that the policy does not have"
exit 0
