#!/bin/bash
# From nothing to a container that uses it: a network plugin made in an empty folder, built and checked against an installed
# Keelson, once with each compiler; and a hook.
# own-host
# also: nothing
# timeout: 240
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC has no plugins"
prefix=$work/prefix name=$klt-pl
cmake --install "$KEELSON_BUILD" --prefix "$prefix" >"$work/log" 2>&1 || fail "cmake --install: $(tail -n 5 "$work/log")"
PATH=$prefix/bin:$PATH KEELSON_BUILD=$prefix
for file in bin/keelson bin/lxc-start lib/keelson/keelson share/man/man1/keelson.1 share/man/man1/lxc-start.1 share/man/man5/lxc.container.conf.5 \
  share/bash-completion/completions/lxc-start lib/keelson/plugins/net/veth.so include/keelson/abi/base.hpp; do
  [ -e "$prefix/$file" ] || fail "the installation has no $file"
done
keelson plugin list | grep -q '^template *busybox' || fail "the installed program does not find the installed plugins: $(keelson plugin list)"
remember_host

with() { # COMPILER FLAGS
  command -v "$1" >/dev/null || { echo "no $1 here"; return; }
  local folder=$work/mytunnel.$1
  mkdir "$folder" && cd "$folder" || fail "no $folder"
  { keelson plugin new net mytunnel && CXX=$1 CXXFLAGS=$2 cmake -B build && cmake --build build; } >log 2>&1 || fail "$1: $(tail -n 20 log)"
  keelson plugin check build/mytunnel.so >log 2>&1 || fail "$1: check: $(cat log)"
  cmake --install build >log 2>&1 || fail "$1: install: $(cat log)"
  [ "$(dirname "$(keelson plugin info net mytunnel | grep -o "/.*/mytunnel.so")")" = "$prefix/lib/keelson/plugins/net" ] ||
    fail "$1: plugin info: $(keelson plugin info net mytunnel)"
  cd / || exit 1
  container "$name" "lxc.mount.auto = proc sys" "lxc.net.0.type = mytunnel" "lxc.net.0.flags = up" "lxc.net.0.ipv4.address = 10.213.3.2/24"
  k start -n "$name" 2>"$work/out" || fail "$1: start: $(cat "$work/out")"
  k attach -n "$name" -- ip -4 address show dev eth0 | grep -q 10.213.3.2/24 || fail "$1: no link of mytunnel inside: $(k attach -n "$name" -- ip address)"
  k stop -k -n "$name" || fail "$1: stop"
  host_is_as_it_was "$1"
  rm -rf "${lxcpath:?}/$name" "$prefix/lib/keelson/plugins/net/mytunnel.so"
}
with g++ ""
with clang++-14 "-stdlib=libc++"

# a hook of one's own at the clone stage: asked for by the original's configuration, run for the copy
mkdir "$work/mynote" && cd "$work/mynote" || fail "no folder"
keelson plugin new hook mynote >log 2>&1 && sed -i 's/HookStage::pre_start/HookStage::clone/' mynote.cpp || fail "plugin new: $(cat log)"
{ cmake -B build && cmake --build build && cmake --install build; } >log 2>&1 || fail "mynote: $(tail -n 20 log)"
cd / || exit 1
container "$name" "keelson.hook = mynote" "keelson.hook.mynote.text = copied"
k copy -n "$name" -N "$name-copy" >"$work/out" 2>&1 || fail "copy with a hook: $(cat "$work/out")"
[ "$(cat "$lxcpath/$name-copy/mynote")" = copied ] || fail "the hook did not run for the copy: $(ls "$lxcpath/$name-copy")"
[ ! -e "$lxcpath/$name/mynote" ] || fail "the hook ran for the original"
k destroy -n "$name-copy" || fail "destroy of the copy"
host_is_as_it_was "after a copy with a hook"

# a name that the SDK has a class of, and one that is no word of C++
for plugin in "net network" "storage storage" "hook context" "net 6to4"; do
  folder=$work/${plugin// /-}
  mkdir "$folder" && cd "$folder" || fail "no folder"
  keelson plugin new $plugin >log 2>&1 && g++ -std=c++20 -fsyntax-only -I"$prefix/include" ./*.cpp >>log 2>&1 || fail "$plugin: $(head -n 20 log)"
done
exit 0
