#!/bin/bash
# Bad input: each gives an error in Keelson's form, with the cause and a hint, and leaves the host as it was.
# own-host
# timeout: 120
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "this is about Keelson's own messages"
name=$klt-bad
# under its own name, for the form of its errors
keelson() { local verb=$1; shift; "$KEELSON_BUILD/bin/keelson" "$verb" -P "$lxcpath" "$@"; }

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
remember_host

# rootfs
prepare="rm -rf $lxcpath/$name/rootfs" does_not_start "missing rootfs" "$lxcpath/$name/rootfs.*No such file" "."

# plugins
does_not_start "unknown storage" "nosuchstorage" "" "lxc.rootfs.path = nosuchstorage:/klt"
refused "unknown network type" 1 "config:[0-9]+.*nosuchnet|nosuchnet.*" "." keelson start -n "$name" -s lxc.net.0.type=nosuchnet
refused "unknown template" 1 "nosuchtemplate" "." keelson create -n "$klt-t" -t nosuchtemplate
[ ! -e "$lxcpath/$klt-t" ] || fail "an unknown template left $lxcpath/$klt-t"
does_not_start "unknown key" "lxc.no.such.key.*config:[0-9]+" "" "lxc.no.such.key = 1"

# network
does_not_start "missing bridge" "klt-none" "." "lxc.net.1.type = veth" "lxc.net.1.link = klt-none"

# ids
does_not_start "an id map without groups" "gid|group|g 0" "." "lxc.idmap = u 0 100000 65536"
does_not_start "overlapping ids" "map" "." "lxc.idmap = u 0 100000 65536" "lxc.idmap = u 0 200000 65536" "lxc.idmap = g 0 100000 65536"

# cgroup
does_not_start "a cgroup outside of the base" "cgroup" "" "lxc.cgroup.dir = $klt-no/../../../../escape"

# init
does_not_start "init that does not exist" "/no/such/init.*No such file" "." "lxc.init.cmd = /no/such/init"
does_not_start "init that is not executable" "/etc/passwd.*Permission denied" "." "lxc.init.cmd = /etc/passwd"

# state
refused "stopping what does not run" 2 "not running|" "" keelson stop -n "$name"
refused "a container that is not there" 1 "$klt-nobody" "" keelson start -n "$klt-nobody"
container "$klt-twice" "lxc.net.0.type = empty"
k start -n "$klt-twice" || fail "the container to start twice does not start"
k start -n "$klt-twice" >"$work/said" 2>&1 || fail "starting what runs is an error, and is none in LXC"
grep -q 'already' "$work/said" || fail "starting what runs does not say so: $(cat "$work/said")"
k stop -k -n "$klt-twice"
host_is_as_it_was "starting what runs"

# names
for bad in "a/b" $'a\nb' "../$name" "." ""; do
  refused "the name '$bad'" 1 "name" "" keelson create -n "$bad" -t busybox
  [ ! -e "$lxcpath/a" ] || fail "the name '$bad' left $lxcpath/a"
done
