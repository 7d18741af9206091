#!/bin/bash
# Whatever a key names, nobody is held up by it: neither a pipe that nobody writes to, nor a device without an end, nor a
# container that waits for itself. And what is refused is named.
# own-host
# timeout: 180
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC waits for them"
keelson=$KEELSON_BUILD/bin/keelson
name=$klt-hu
container "$name" "lxc.net.0.type = empty"
mkfifo "$work/fifo"
truncate -s 1T "$work/huge"
given() { # LINE...: after those that every container has
  twin "$name" "$name" "$@"
}
ends() { # what it does, COMMAND...: in time, whatever comes of it
  local what=$1; shift
  within 15 "$@" >"$work/out" 2>"$work/said"; code=$?
  [ $code -lt 124 ] || fail "$what does not end"
}
refused() { # what is named, LINE...
  local named=$1; shift
  given "lxc.net.0.type = empty" "$@"
  ends "start with $*" "$(program start)" -P "$lxcpath" -n "$name"
  [ $code = 1 ] || fail "start with $*: exit code $code: $(cat "$work/said")"
  grep -qF "$named" "$work/said" || fail "start with $* does not name $named: $(cat "$work/said")"
  ends "info with $*" "$(program info)" -P "$lxcpath" -n "$name"
}
remember_host
for path in "$work/fifo" /dev/zero "$work/huge" /dev/full; do
  for key in lxc.mount.fstab lxc.include lxc.seccomp.profile; do
    if [ "$path" = "$work/fifo" ]; then # an empty one
      given "lxc.net.0.type = empty" "$key = $path"
      ends "start with $key = $path" "$(program start)" -P "$lxcpath" -n "$name"
      k stop -k -n "$name" 2>/dev/null
    elif [ "$key" = lxc.include ]; then
      refused "$path" "$key = $path"
    else
      [ "$key" != lxc.seccomp.profile ] || grep -q '^Seccomp:.0' /proc/self/status || continue
      refused "$path" "$key = $path"
    fi
  done
done
refused lxc.namespace.share.net "lxc.namespace.share.net = $work/fifo"
refused lxc.namespace.share.net "lxc.namespace.share.net = $name"
refused lxc.namespace.share.net "lxc.namespace.share.net = $lxcpath/$name"
# ours would be everybody's: the mounts of a container without a mount namespace
refused lxc.namespace.clone "lxc.namespace.clone = pid net ipc"
refused lxc.namespace.keep "lxc.namespace.keep = mnt user"
refused lxc.namespace.share.mnt "lxc.namespace.share.mnt = $$"
for line in "lxc.monitor.unshare = 0" "lxc.monitor.unshare = 1"; do
  refused "host's mount namespace" "lxc.rootfs.path =" "lxc.init.cmd = /bin/true" "lxc.namespace.share.mnt = $$" "$line"
done
host_is_as_it_was "refused"

# a pipe that somebody writes to is a file like any other
given "lxc.net.0.type = empty" "lxc.mount.fstab = $work/fifo"
exec {pipe}<>"$work/fifo"
(sleep 0.5; echo "none tmp tmpfs defaults 0 0"; sleep 0.5; echo) >&$pipe & writer=$!
exec {pipe}>&-
k start -n "$name" || fail "start with a pipe that has a writer"
wait $writer
grep -q ' /tmp tmpfs ' "/proc/$(k info -n "$name" -p -H)/mounts" || fail "the pipe was not read"

# nor a copy, by what it copies along with the configuration
k stop -k -n "$name" || fail "stop before the copies"
mkfifo "$lxcpath/$name/fifo"
for line in "lxc.mount.fstab = $lxcpath/$name/fifo" "lxc.hook.start-host = $lxcpath/$name/fifo"; do
  given "lxc.net.0.type = empty" "$line"
  ends "copy with $line" "$(program copy)" -P "$lxcpath" -n "$name" -N "$klt-copy"
  [ $code = 0 ] || fail "copy with $line: exit code $code: $(cat "$work/said")"
  [ -f "$lxcpath/$klt-copy/fifo" ] || fail "copy with $line copied no file"
  k destroy -n "$klt-copy" || fail "destroy of the copy"
done
rm "$lxcpath/$name/fifo"
ln -s /dev/zero "$lxcpath/$name/endless"
given "lxc.net.0.type = empty" "lxc.hook.start-host = $lxcpath/$name/endless"
ends "copy with a device without an end" "$(program copy)" -P "$lxcpath" -n "$name" -N "$klt-copy"
[ $code = 1 ] && grep -qF "$lxcpath/$name/endless" "$work/said" || fail "copy with a device without an end: $code $(cat "$work/said")"
[ ! -e "$lxcpath/$klt-copy" ] || fail "a copy that failed left $(find "$lxcpath/$klt-copy" | head -n 3)"
rm "$lxcpath/$name/endless"
given "lxc.net.0.type = empty"
k start -n "$name" || fail "start after the copies"

# By another name of the directory it is the same container.
ln -s "$lxcpath" "$work/link"
for other in "$work/./lxc" "$work//lxc" "$lxcpath/."; do
  [ "$(within 5 "$(program info)" -P "$other" -n "$name" -sH)" = RUNNING ] || fail "by $other it is not running"
done
[ "$(cd "$lxcpath" && within 5 "$(program info)" -P . -n "$name" -sH)" = RUNNING ] || fail "by . it is not running"
for other in "$work/link" "$work/lxc/../lxc"; do
  ends "destroy by $other" "$(program destroy)" -P "$other" -n "$name"
  [ $code = 1 ] && [ -e "$lxcpath/$name/rootfs/bin" ] || fail "destroy by $other destroys what runs: $code"
  grep -q "is running, from $lxcpath" "$work/said" || fail "destroy by $other says: $(cat "$work/said")"
done
k stop -k -n "$name" || fail "stop"

# too few files for a monitor
(ulimit -n 40; within 10 "$(program start)" -P "$lxcpath" -n "$name" 2>"$work/said") && fail "it started with 40 files"
grep -q RLIMIT_NOFILE "$work/said" || fail "the limit is not named: $(cat "$work/said")"

# a configuration that cannot be read is not passed over in silence
mkdir "$lxcpath/$klt-broken" && printf 'lxc.start.auto = 1\nlxc.nosuch.key = 1\n' >"$lxcpath/$klt-broken/config"
ends "autostart" "$(program autostart)" -P "$lxcpath" -L
grep -q "$klt-broken" "$work/said" || fail "autostart does not name what it leaves out: $(cat "$work/said")"
rm -r "${lxcpath:?}/$klt-broken"

# nothing goes where not everything can
mv "$lxcpath/$name/rootfs" "$work/elsewhere"
sed -i "s|^lxc.rootfs.path.*|lxc.rootfs.path = dir:$work/elsewhere|" "$lxcpath/$name/config"
mount --bind "$lxcpath" "$lxcpath" && mount -o remount,bind,ro "$lxcpath" || fail "nothing is read-only"
at_end umount "$lxcpath"
ends "destroy below what is read-only" "$keelson" destroy -P "$lxcpath" -n "$name"
[ $code = 1 ] && [ -e "$work/elsewhere/bin" ] || fail "the rootfs went, the container stays: $code $(cat "$work/said")"
exit 0
