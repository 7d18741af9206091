#!/bin/bash
# Every key that `keelson config doc` lists is taken, printed, saved in the file, and forgotten again.
# also: nothing
. "$(dirname "$0")/../support/system.sh"
[ "${KEELSON_AS:-}" != lxc ] || skip "LXC has no command that sets keys"
keelson=$KEELSON_BUILD/bin/keelson
mkdir "$lxcpath/$klt"
file=$lxcpath/$klt/config
config() { "$keelson" config "$1" -P "$lxcpath" "$klt" "${@:2}"; }
wrong=0
complain() { echo "$*"; wrong=$((wrong + 1)); }

# KEY|VALUE|WHAT IS PRINTED, if that is something else
cat >"$work/table" <<'TABLE'
lxc.apparmor.allow_incomplete|1
lxc.apparmor.allow_nesting|1
lxc.apparmor.profile|unconfined
lxc.apparmor.raw|deny /etc/passwd r,
lxc.arch|amd64|x86_64
lxc.autodev|0
lxc.autodev.tmpfs.size|65536
lxc.cap.drop|sys_admin
lxc.cap.keep|chown
lxc.cgroup.dir|a//b/|a/b
lxc.cgroup.dir.container|c
lxc.cgroup.dir.container.inner|i
lxc.cgroup.dir.monitor|m
lxc.cgroup.dir.monitor.pivot|p
lxc.cgroup.memory.limit_in_bytes|64M
lxc.cgroup.relative|1
lxc.cgroup2.memory.max|64M
lxc.cgroup2.devices.allow|c 1:3 rwm
lxc.console.buffer.size|100KB|131072
lxc.console.logfile|/a
lxc.console.path|none
lxc.console.rotate|1
lxc.console.size|4096
lxc.environment|A=b=c
lxc.environment.hooks|A=b
lxc.environment.runtime|A=b
lxc.ephemeral|1
lxc.execute.cmd|/x "y z"
lxc.group|one
lxc.hook.version|1
lxc.hook.autodev|/a
lxc.hook.clone|/a
lxc.hook.destroy|/a
lxc.hook.mount|/a
lxc.hook.post-stop|/a
lxc.hook.pre-mount|/a
lxc.hook.pre-start|/a
lxc.hook.start|/a
lxc.hook.start-host|/a
lxc.hook.stop|/a
lxc.idmap|u 0 100000 65536
lxc.init.cmd|/a b
lxc.init.cwd|/a
lxc.init.gid|5
lxc.init.groups|1,2
lxc.init.uid|5
lxc.keyring.session|1
lxc.log.file|/dev/null
lxc.log.level|3|NOTICE
lxc.log.syslog|local3
lxc.monitor.signal.pdeath|SIGTERM|15
lxc.monitor.unshare|1
lxc.mount.auto|proc:rw
lxc.mount.entry|a b c d
lxc.mount.fstab|/a
lxc.namespace.clone|net
lxc.namespace.keep|net
lxc.namespace.share.net|web
lxc.net.0.type|veth
lxc.net.0.flags|up
lxc.net.0.hwaddr|00:16:3e:00:00:01
lxc.net.0.ipv4.address|10.0.0.5/24
lxc.net.0.ipv4.gateway|10.0.0.1
lxc.net.0.ipv6.address|fd00::5/64
lxc.net.0.ipv6.gateway|fd00::1
lxc.net.0.l2proxy|1
lxc.net.0.link|klt0
lxc.net.0.mtu|1400
lxc.net.0.name|eth7
lxc.net.0.script.down|/a
lxc.net.0.script.up|/a
lxc.no_new_privs|1
lxc.prlimit.nofile|10:20
lxc.proc.oom_score_adj|5
lxc.pty.max|10
lxc.rootfs.managed|0
lxc.rootfs.mount|/a//b|/a/b
lxc.rootfs.options|ro,idmap=container
lxc.rootfs.path|dir:/a|/a
lxc.sched.core|1
lxc.seccomp.allow_nesting|1
lxc.seccomp.notify.cookie|abc
lxc.seccomp.notify.proxy|unix:/a
lxc.seccomp.profile|/a
lxc.selinux.context|a:b:c:s0
lxc.selinux.context.keyring|a:b:c:s0
lxc.signal.halt|SIGRTMIN+3|37
lxc.signal.reboot|10
lxc.signal.stop|9
lxc.start.auto|1
lxc.start.delay|5
lxc.start.order|-3
lxc.sysctl.net.ipv4.ip_forward|1
lxc.time.offset.boot|10h|36000s
lxc.time.offset.monotonic|5 s|5s
lxc.tty.dir|a
lxc.tty.max|2
lxc.uts.name|a
TABLE

while IFS='|' read -r key value printed; do
  : >"$file"
  case $key in lxc.net.*) echo "lxc.net.0.type = veth" >"$file" ;; esac
  before=$(config get "$key")
  config set "$key=$value" || { complain "$key = $value is refused"; continue; }
  got=$(config get "$key")
  [ "$got" = "${printed:-$value}" ] || complain "$key = $value is printed as '$got'"
  grep -qxF "$key = $value" "$file" || complain "$key = $value is not in the file: $(cat "$file")"
  [[ $(config list) == *"$key = "* ]] || complain "$key is not listed: $(config list)"
  config unset "$key" || complain "$key cannot be forgotten"
  ! grep -q "^$key *=" "$file" || complain "$key is still in the file: $(cat "$file")"
  [ "$key" = lxc.net.0.type ] || [ "$(config get "$key")" = "$before" ] || complain "$key is '$(config get "$key")' after it was forgotten, not '$before'"
  # what an included file says is cleared by an empty line, but for lxc.arch, which has no empty value
  echo "$key = $value" >"$work/included"
  case $key in lxc.net.*) sed -i '1i lxc.net.0.type = veth' "$work/included" ;; esac
  printf 'lxc.include = %s\n%s =\n' "$work/included" "$key" >"$file"
  case $key in
  lxc.arch) config get "$key" >/dev/null 2>&1 && complain "lxc.arch = is taken" ;;
  lxc.net.0.type) [ "$(config get "$key")" = empty ] || complain "$key = leaves '$(config get "$key")'" ;;
  lxc.autodev | lxc.monitor.signal.pdeath) [ "$(config get "$key")" = 0 ] || complain "$key = is not 0" ;;
  *) [ "$(config get "$key")" = "$before" ] || complain "$key = leaves '$(config get "$key")', not '$before'" ;;
  esac
done <"$work/table"

# none is forgotten here, but those of network types, which have tests of their own, and those that only do something
"$keelson" config doc | awk '/^ *lxc\./ {print $1}' | sed 's/\.NAME$/./; s/\.N\./.0./' |
  grep -Ev '^lxc\.(include|net|hook)$|^lxc\.net\.0\.(macvlan|nat|veth|vlan|ipvlan|phys|bridge)' | sort -u >"$work/known"
while read -r key; do
  case $key in
  *.) grep -qF "$key" "$work/table" ;;
  *) grep -q "^${key//./\\.}|" "$work/table" ;;
  esac || complain "$key is not in the table"
done <"$work/known"
[ "$(wc -l <"$work/known")" -gt 80 ] || complain "keelson config doc lists only $(wc -l <"$work/known") keys"
[ $wrong = 0 ] || fail "$wrong answers are wrong"
