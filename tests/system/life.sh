#!/bin/bash
# The whole life of a container made from the busybox template, verb by verb, with the exit codes that LXC has.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
web=$klt-web

code_of() { "$@" >"$work/out" 2>&1; echo $?; }
expect() { # CODE COMMAND...
  local wanted=$1 code; shift
  code=$(code_of "$@")
  [ "$code" = "$wanted" ] || fail "$* exited with $code, not $wanted: $(cat "$work/out")"
}
state() { k info -n "$web" -s -H; }
in_web() { k attach -n "$web" -- "$@"; }

remember_host
printf 'lxc.net.0.type = empty\nlxc.net.0.flags = up\n' >"$work/default.conf"

# create
expect 0 k create -n "$web" -t busybox -f "$work/default.conf"
grep -q '^lxc.signal.halt = SIGUSR1$' "$lxcpath/$web/config" || fail "the template's lines are not in the configuration"
grep -q "^lxc.rootfs.path = dir:$lxcpath/$web/rootfs$" "$lxcpath/$web/config" || fail "no lxc.rootfs.path was written"
expect 1 k create -n "$web" -t busybox -f "$work/default.conf"
expect 0 k create -t busybox -h
grep -q -- --busybox-path "$work/out" || fail "create -t busybox -h does not show the template's options: $(cat "$work/out")"
expect 1 k create -n "$klt-other" -t no-such-template-klt
[ ! -e "$lxcpath/$klt-other" ] || fail "a failed create left its directory"

# On a terminal a line of progress comes and goes; what stays is whole lines.
if [ "${KEELSON_AS:-}" != lxc ]; then
  on_terminal -- "$(program create)" -P "$lxcpath" -n "$klt-seen" -t busybox -f "$work/default.conf" >"$work/out" || fail "create on a terminal"
  grep -q '50%' "$work/out" || fail "create on a terminal shows no progress: $(cat "$work/out")"
  tail -n 1 "$work/out" | grep -q "made $lxcpath/$klt-seen\$" || fail "create on a terminal ends with: $(tail -n 1 "$work/out")"
  expect 0 k destroy -n "$klt-seen"
fi

# stopped
[ "$(state)" = STOPPED ] || fail "a new container is $(state)"
expect 2 k stop -n "$web"
expect 1 k freeze -n "$web"
expect 1 in_web true
expect 0 k wait -n "$web" -s STOPPED -t 5
expect 1 k wait -n "$web" -s RUNNING -t 1

# running
exec 77>"$work/of-caller"
expect 0 k start -n "$web"
for holder in /proc/[0-9]*/fd/77; do
  [ "$(readlink "$holder")" != "$work/of-caller" ] || [ "$holder" = "/proc/$$/fd/77" ] ||
    fail "a descriptor of the caller is open in $(tr '\0' ' ' <"${holder%/fd/77}/cmdline")"
done
exec 77>&-
[ "$(state)" = RUNNING ] || fail "after start it is $(state)"
expect 0 k start -n "$web"
pid=$(k info -n "$web" -p -H)
[ "$(readlink "/proc/$pid/exe" | sed 's/.*rootfs//')" = /sbin/init ] || [ "$(readlink "/proc/$pid/exe")" = /sbin/init ] ||
  fail "the pid $pid is not the container's init: $(readlink "/proc/$pid/exe")"
k ls -f | grep -Eq "^$web +RUNNING 0 +- " || fail "ls -f does not show it: $(k ls -f)"
[ "$(k ls -1 --running)" = "$web" ] || fail "ls --running does not list it"
[ -z "$(k ls --stopped)" ] || fail "ls --stopped lists it"
k info -n "$web" | grep -Eq '^State: +RUNNING$' || fail "info says: $(k info -n "$web")"

# attach
in_web ps >"$work/out" || fail "ps failed inside"
grep -Eq '^ +1 root .*init' "$work/out" || fail "ps shows no init: $(cat "$work/out")"
[ "$(in_web hostname)" = "$web" ] || fail "the host name inside is $(in_web hostname)"
expect 7 in_web sh -c 'exit 7'
expect 143 in_web sh -c 'kill -TERM $$'
expect 127 in_web /no/such/program
expect 126 in_web /etc/passwd
[ "$(echo text | in_web cat)" = text ] || fail "attach does not pass on its input"
head -c 300000 /dev/urandom >"$work/bytes"
in_web cat <"$work/bytes" | cmp - "$work/bytes" || fail "attach changed binary data"
on_terminal '# ' 'tty; exit 5\n' -- "$(program attach)" -P "$lxcpath" -n "$web" >"$work/out"
[ $? = 5 ] || fail "a shell on a terminal did not give its exit code: $(cat "$work/out")"
grep -q '^/dev/pts/' "$work/out" || fail "attach on a terminal gives none inside: $(cat "$work/out")"

# whatever the container has for a list of users
if [ "${KEELSON_AS:-}" != lxc ]; then
  passwd=$lxcpath/$web/rootfs/etc/passwd
  mv "$passwd" "$work/passwd"
  for kind in "mkfifo $passwd" "ln -s /dev/zero $passwd" "ln -s /proc/kmsg $passwd" "truncate -s 1T $passwd"; do
    $kind
    [ "$(echo 'echo shell-of-$0' | within 20 "$(program attach)" -P "$lxcpath" -n "$web")" = shell-of-/bin/sh ] ||
      fail "attach finds no shell after: $kind"
    rm "$passwd"
  done
  sed '/^root:/s|[^:]*$|/bin/ash|' "$work/passwd" >"$passwd"
  [ "$(echo 'echo shell-of-$0' | k attach -n "$web")" = shell-of-/bin/ash ] || fail "attach takes another shell than root's"
  mv "$work/passwd" "$passwd"
fi

# console: the first prompt waits for Enter, C-a q leaves
on_terminal '<Ctrl.a q>' '\n' '# ' 'echo on-$((40+2))\n' 'on-42' '\x01q' -- "$(program console)" -P "$lxcpath" -n "$web" -t 0 \
  >"$work/out" || fail "the console: $(cat "$work/out")"

# freeze
expect 0 k freeze -n "$web"
[ "$(state)" = FROZEN ] || fail "after freeze it is $(state)"
[ "$(k ls -1 --frozen)" = "$web" ] || fail "ls --frozen does not list it"
expect 0 k unfreeze -n "$web"
[ "$(state)" = RUNNING ] || fail "after unfreeze it is $(state)"

# wait sees the stop
k wait -n "$web" -s STOPPED -t 30 &
waiting=$!
expect 0 k stop -n "$web" -t 20
wait $waiting || fail "wait did not see the stop"
[ "$(state)" = STOPPED ] || fail "after stop it is $(state)"
[ ! -e "/proc/$pid" ] || fail "init outlived the stop"
host_stopped() { ! processes_of_the_test | grep -q .; }
wait_for 5 host_stopped || fail "processes outlived the stop: $(processes_of_the_test)"

# again, killed; and reboot
expect 0 k start -n "$web"
first=$(k info -n "$web" -p -H)
expect 0 k stop -r -n "$web" -t 20
[ "$(state)" = RUNNING ] || fail "after a reboot it is $(state)"
[ "$(k info -n "$web" -p -H)" != "$first" ] || fail "the reboot did not start a new init"
expect 1 k destroy -n "$web"
expect 0 k stop -k -n "$web"
[ "$(state)" = STOPPED ] || fail "after stop -k it is $(state)"

# execute: the command's exit code, under a small init
expect 0 k execute -n "$web" -- true
expect 9 k execute -n "$web" -- sh -c 'exit 9'
expect 137 k execute -n "$web" -- sh -c 'kill -KILL $$'
[ "$(k execute -n "$web" -- sh -c 'echo $$')" = 2 ] || fail "the command of execute is not process 2"

# foreground: the exit code is 0 whatever init's is
expect 0 k start -F -n "$web" -- sh -c 'exit 3'

# an ephemeral container that cannot boot again has ended, and is destroyed
gone=$klt-gone
printf '#!/bin/sh\nmv %s %s\n' "$lxcpath/$gone/rootfs" "$lxcpath/$gone/away" >"$work/take-away"
chmod 755 "$work/take-away"
container "$gone" "lxc.net.0.type = empty" "lxc.ephemeral = 1" "lxc.hook.post-stop = $work/take-away"
expect 0 k start -n "$gone"
k attach -n "$gone" -- reboot -f
destroyed() { [ ! -e "$lxcpath/$gone" ]; }
wait_for 5 destroyed || fail "an ephemeral container that cannot boot again stays: $(ls "$lxcpath/$gone")"

# who kills it has to do with nothing of it any more
container "$gone" "lxc.net.0.type = empty" "lxc.ephemeral = 1" "lxc.hook.destroy = /bin/sh -c 'sleep 1' x"
expect 0 k start -n "$gone"
expect 0 k stop -k -n "$gone"
destroyed || fail "an ephemeral container that was killed is still there: $(ls "$lxcpath/$gone")"

# who attaches while it is being started waits for it
slow=$klt-slow
printf '#!/bin/sh\ntouch %s\nsleep 1\n' "$work/hook-began" >"$work/slow-hook"
chmod 755 "$work/slow-hook"
container "$slow" "lxc.net.0.type = empty" "lxc.hook.pre-start = $work/slow-hook"
k start -n "$slow" &
began() { [ -e "$work/hook-began" ]; }
wait_for 5 began || fail "the hook does not run"
expect 0 k attach -n "$slow" -- true
wait $! || fail "a container with a slow hook does not start"
expect 0 k stop -k -n "$slow"

# whoever starts it may have closed what is written to
for closed in 1 2; do
  expect 0 sh -c "exec $closed>&- && exec \"\$@\"" sh "$(program start)" -P "$lxcpath" -n "$web"
  [ "$(state)" = RUNNING ] || fail "with descriptor $closed closed it is $(state)"
  expect 0 k stop -k -n "$web"
done

expect 0 k destroy -n "$web"
[ ! -e "$lxcpath/$web" ] || fail "destroy left $lxcpath/$web"
expect 1 k destroy -n "$web"
expect 1 k info -n "$web"
host_is_as_it_was "after the whole life"
