#!/bin/bash
# Bad input: each gives an error in Keelson's form, with the cause and a hint, and leaves the host as it was.
# own-host
# also: nothing
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "this is about Keelson's own messages"
name=$klt-bad
# under its own name, for the form of its errors
keelson() { local verb=$1; shift; ${within:-} "$KEELSON_BUILD/bin/keelson" "$verb" -P "$lxcpath" "$@"; }

# refused WHAT CODE WORDS HINT COMMAND...: the command exits with CODE; the cause and hint match the expressions
refused() {
  local what=$1 wanted=$2 words=$3 hint=$4 code; shift 4
  "$@" >"$work/raw" 2>&1
  code=$?
  tr -s '\n ' ' ' <"$work/raw" >"$work/said" # long lines are folded
  [ $code = "$wanted" ] || fail "$what: exit code $code, not $wanted: $(cat "$work/said")"
  grep -Eq -e "$words" "$work/said" || fail "$what: the message does not match '$words': $(cat "$work/said")"
  [ -z "$hint" ] || grep -Eq -e "hint +.*($hint)" "$work/said" || fail "$what: no hint that matches '$hint': $(cat "$work/said")"
  host_is_as_it_was "$what"
}
# does_not_start WHAT WORDS HINT LINE...: a container with these lines more
does_not_start() {
  local what=$1 words=$2 hint=$3; shift 3
  rm -rf "${lxcpath:?}/$name"
  container "$name" "lxc.net.0.type = empty" "$@"
  [ -z "${prepare:-}" ] || $prepare
  refused "$what" 1 "$words" "$hint" keelson start -n "$name"
  # a configuration that cannot be read has no state to show
  case $(keelson info -n "$name" -s -H 2>/dev/null) in STOPPED | "") ;; *) fail "$what: it runs" ;; esac
  prepare=
}
# lxc.conf of this mount namespace, where it names a directory of bad plugins
[ -d /etc/lxc ] || { mkdir /etc/lxc && at_end rmdir /etc/lxc; }
mkdir -p "$work/etc" "$work/plugins/hook" && cp -a /etc/lxc/. "$work/etc" || fail "no copy of /etc/lxc"
sed -i '/keelson.plugin.path/d' "$work/etc/lxc.conf" 2>/dev/null
echo "keelson.plugin.path = $work/plugins" >>"$work/etc/lxc.conf"
mount --bind "$work/etc" /etc/lxc || fail "no private /etc/lxc"
at_end umount /etc/lxc
remember_host

# rootfs
prepare="rm -rf $lxcpath/$name/rootfs" does_not_start "missing rootfs" "$lxcpath/$name/rootfs.*No such file" "."
prepare="chmod 700 $lxcpath/$name/rootfs" does_not_start "a rootfs that the container's root cannot enter" \
  "$lxcpath/$name/rootfs.*Permission denied" "chmod o[+]x $lxcpath/$name/rootfs, or .*idmap=container" \
  "lxc.idmap = u 0 100000 65536" "lxc.idmap = g 0 100000 65536"

# plugins
does_not_start "unknown storage" "nosuchstorage" "" "lxc.rootfs.path = nosuchstorage:/klt"
refused "unknown network type" 1 "config:[0-9]+.*nosuchnet|nosuchnet.*" "." keelson start -n "$name" -s lxc.net.0.type=nosuchnet
refused "unknown template" 1 "nosuchtemplate" "." keelson create -n "$klt-t" -t nosuchtemplate
[ ! -e "$lxcpath/$klt-t" ] || fail "an unknown template left $lxcpath/$klt-t"
bad_plugin() { # CASE WORDS HINT: a container that selects it does not start; nor do others suffer
  local file=$KEELSON_BUILD/tests/bad_plugins/$1/hook/$1.so
  [ -e "$file" ] || fail "$file is not built"
  cp "$file" "$work/plugins/hook" && chmod 755 "$work/plugins/hook/$1.so"
  [ $# -lt 4 ] || "${@:4}" "$work/plugins/hook/$1.so"
  does_not_start "the plugin $1" "$2" "$3" "keelson.hook = $1"
  container "$klt-other" "lxc.net.0.type = empty"
  keelson start -n "$klt-other" >"$work/raw" 2>&1 || fail "beside the plugin $1 another container does not start: $(cat "$work/raw")"
  keelson stop -k -n "$klt-other" || fail "beside the plugin $1 another container does not stop"
  rm -rf "${lxcpath:?}/$klt-other" "$work/plugins/hook/$1.so"
}
does_not_start "an unknown hook plugin" "nosuchhook" "." "keelson.hook = nosuchhook"
bad_plugin newer_major "built for plugin interface 2.0" "SDK"
bad_plugin no_descriptor "descriptor" "."
bad_plugin sound "belongs? to root|uid 48213 owns" "chown" chown 48213
bad_plugin sound "nobody else can write" "chmod" chmod 777
bad_plugin throws_while_opening "/dev/klt.*No such device" "load the module klt"
bad_plugin throws_across_the_boundary "throws_across_the_boundary" ""
bad_plugin crashes_while_loading "SIGSEGV|[Ss]egmentation|signal 11" ""
bad_plugin crashes_while_opening "SIGSEGV|[Ss]egmentation|signal 11" ""
bad_plugin aborts "SIGABRT|[Aa]bort|signal 6" ""
does_not_start "unknown key" "lxc.no.such.key.*config:[0-9]+" "" "lxc.no.such.key = 1"

# network
does_not_start "missing bridge" "klt-none" "." "lxc.net.1.type = veth" "lxc.net.1.link = klt-none"

# ids
does_not_start "an id map without groups" "gid|group|g 0" "." "lxc.idmap = u 0 100000 65536"
does_not_start "overlapping ids" "map" "." "lxc.idmap = u 0 100000 65536" "lxc.idmap = u 0 200000 65536" "lxc.idmap = g 0 100000 65536"

# cgroup
does_not_start "a cgroup outside of the base" "cgroup" "" "lxc.cgroup.dir = $klt-no/../../../../escape"
without_cgroups() { # also those that own_host() covered
  unshare -m --propagation private bash -c '
    while grep -q " /sys/fs/cgroup" /proc/self/mountinfo; do umount -R /sys/fs/cgroup || umount -R /sys || exit 9; done
    exec "$@"' - "$@"
}
within=without_cgroups does_not_start "a cgroup layout that is not there" "no cgroup hierarchy" "mount -t cgroup2" "keelson.cgroup.driver = unified"
read_only_cgroups() {
  unshare -m --propagation private bash -c '
    for at in $(awk "\$5 ~ \"^/sys/fs/cgroup\" {print \$5}" /proc/self/mountinfo); do mount -o remount,bind,ro "$at" || exit 9; done
    exec "$@"' - "$@"
}
within=read_only_cgroups does_not_start "cgroups that cannot be written" "cgroup.*Read-only file system" "."

# init
does_not_start "init that does not exist" "/no/such/init.*No such file" "." "lxc.init.cmd = /no/such/init"
does_not_start "init that is not executable" "/etc/passwd.*Permission denied" "." "lxc.init.cmd = /etc/passwd"

# state
refused "stopping what does not run" 2 "not running" "" keelson stop -n "$name"
refused "a container that is not there" 1 "$klt-nobody" "" keelson start -n "$klt-nobody"
container "$klt-twice" "lxc.net.0.type = empty"
keelson start -n "$klt-twice" || fail "the container to start twice does not start"
keelson start -n "$klt-twice" >"$work/said" 2>&1 || fail "starting what runs is an error, and is none in LXC"
grep -q 'already running' "$work/said" || fail "starting what runs does not say so: $(cat "$work/said")"
k stop -k -n "$klt-twice"
host_is_as_it_was "starting what runs"

# names
for bad in "a/b" $'a\nb' "../$name" "." ""; do
  refused "the name '$bad'" 1 "name" "" keelson create -n "$bad" -t busybox
  [ ! -e "$lxcpath/a" ] || fail "the name '$bad' left $lxcpath/a"
done
