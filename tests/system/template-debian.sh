#!/bin/bash
# The debian template makes a container that boots systemd to `running`, privileged and with an id map, and whose apt-get
# reaches the archive over the container's own network.
# also: nothing
# timeout: 600
# serial
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "this is about Keelson's own template"
[ "$(. /etc/os-release; echo "$ID")" = debian ] || skip "the host is no Debian"
apt-get update -q -o Acquire::Retries=3 >"$work/apt" 2>&1 || skip "the archive cannot be reached: $(tail -n 1 "$work/apt")"
name=$klt-deb
cat >"$work/default.conf" <<C
lxc.net.0.type = nat
lxc.net.0.flags = up
C
inside() { k attach -n "$name" -- "$@"; }
settled() { case $(inside systemctl is-system-running 2>/dev/null) in running | degraded) ;; *) false ;; esac; }
boots() { # HOW
  k create -n "$name" -t debian -f "$work/default.conf" >"$work/out" 2>&1 || fail "$1: create: $(tail -n 5 "$work/out")"
  k start -n "$name" 2>"$work/out" || fail "$1: start: $(cat "$work/out")"
  wait_for 60 settled
  [ "$(inside systemctl is-system-running)" = running ] || fail "$1: systemd is $(inside systemctl is-system-running):" \
    "$(inside systemctl --failed --no-legend --plain; inside journalctl -b -p err --no-pager | tail -n 20)"
  [ "$(inside hostname)" = "$name" ] || fail "$1: the host name inside is $(inside hostname)"
  [ -n "$(inside cat /etc/machine-id)" ] || fail "$1: no machine-id was made"
  [ "$(inside pgrep -c agetty)" = 5 ] || fail "$1: not five logins, on the console and four terminals: $(inside ps ax)"
  inside apt-get update -q -o Acquire::Retries=3 >"$work/apt" 2>&1 || fail "$1: apt-get update inside: $(cat "$work/apt"; inside cat /etc/resolv.conf; inside ip route)"
  k stop -n "$name" -t 60 || fail "$1: it does not shut down"
  k destroy -n "$name" || fail "$1: destroy"
}
boots privileged
printf 'lxc.idmap = u 0 300000 65536\nlxc.idmap = g 0 300000 65536\n' >>"$work/default.conf"
boots "with an id map"
