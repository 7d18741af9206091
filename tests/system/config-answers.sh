#!/bin/bash
# keelson config get against lxc-info -c, key by key; lxc-config and lxc-update-config against LXC's. Not asked is what
# differs on purpose: default prefixes of addresses (by class), the tokens of lxc.mount.auto that LXC keeps to itself,
# lxc.cap.keep where lxc.cap.drop is set, the form of time offsets (that of LXC 7), lxc.rootfs.path with a colon, veth.vlan.id
# unset or none (LXC: 0 and -1), ipvlan.mode unset (LXC says l2 although its manual and LXC 7 have l3), and the
# default of lxc.rootfs.mount.
# own-host
# also: nothing
. "$(dirname "$0")/../support/system.sh"
command -v lxc-info >/dev/null || skip "lxc-info is not installed: apt-get install lxc"
config=$lxcpath/$klt/config
mkdir -p "$lxcpath/$klt"
keelson=${KEELSON_BUILD:?is not set}/bin/keelson
count=0 wrong=0

of_lxc() { lxc-info -P "$lxcpath" -n "$klt" -H -c "$1" 2>/dev/null; }
# `keelson config get` ends each answer with one line break; lxc-info adds one to those of lists, which end in one.
of_keelson() { "$keelson" config get -P "$lxcpath" "$klt" "$1" 2>/dev/null; }

compare() { # KEY
  local lxc ours
  lxc=$(of_lxc "$1") ours=$(of_keelson "$1")
  count=$((count + 1))
  [ "$lxc" = "$ours" ] && return
  echo "with $(tr '\n' ';' <"$config")  $1: lxc '$lxc', keelson '$ours'"
  wrong=$((wrong + 1))
}
given() { # LINES KEY...
  printf '%b' "$1" >"$config"; shift
  local key
  for key; do compare "$key"; done
}
refused() { # LINES: by both
  printf '%b' "$1" >"$config"
  count=$((count + 1))
  lxc-info -P "$lxcpath" -n "$klt" -s >/dev/null 2>&1 && { echo "lxc takes $1"; wrong=$((wrong + 1)); }
  "$keelson" config list -P "$lxcpath" "$klt" >/dev/null 2>&1 && { echo "keelson takes $1"; wrong=$((wrong + 1)); }
}

# Unset.
given '' lxc.uts.name lxc.arch lxc.ephemeral lxc.group lxc.start.auto lxc.start.delay lxc.start.order lxc.monitor.unshare \
  lxc.monitor.signal.pdeath lxc.init.cmd lxc.init.cwd lxc.init.uid lxc.init.gid lxc.init.groups lxc.execute.cmd \
  lxc.signal.halt lxc.signal.reboot lxc.signal.stop lxc.cap.drop lxc.cap.keep lxc.no_new_privs lxc.keyring.session \
  lxc.sched.core lxc.environment lxc.prlimit lxc.prlimit.nofile lxc.proc lxc.proc.x lxc.sysctl lxc.sysctl.x lxc.idmap \
  lxc.namespace.clone lxc.namespace.keep lxc.namespace.share.net lxc.log.file lxc.log.level lxc.log.syslog lxc.cgroup.dir \
  lxc.cgroup.dir.monitor lxc.cgroup.dir.monitor.pivot lxc.cgroup.dir.container lxc.cgroup.dir.container.inner \
  lxc.cgroup.relative lxc.cgroup lxc.cgroup.x lxc.cgroup2 lxc.cgroup2.x lxc.rootfs.path lxc.rootfs.options \
  lxc.rootfs.managed lxc.mount.fstab lxc.mount.entry lxc.mount.auto lxc.autodev lxc.autodev.tmpfs.size lxc.console.path \
  lxc.console.logfile lxc.console.size lxc.console.rotate lxc.console.buffer.size lxc.tty.max lxc.tty.dir lxc.pty.max \
  lxc.net lxc.net.0.type lxc.hook lxc.hook.version lxc.hook.start lxc.hook.bogus lxc.bogus lxc.include
for plugin in apparmor.profile apparmor.raw apparmor.allow_nesting apparmor.allow_incomplete seccomp.profile \
  seccomp.allow_nesting seccomp.notify.cookie seccomp.notify.proxy; do
  [ ! -e "$KEELSON_BUILD/lib/keelson/plugins/lsm/${plugin%%.*}.so" ] || given '' "lxc.$plugin"
done

# Values.
given 'lxc.uts.name = "a b"\nlxc.arch = amd64\nlxc.ephemeral = 1\nlxc.group = a b\nlxc.group = c\nlxc.start.order = -3\n' \
  lxc.uts.name lxc.arch lxc.ephemeral lxc.group lxc.start.order
given 'lxc.arch = armhf\nlxc.tty.max = 010\nlxc.pty.max = 0x10\nlxc.autodev =\nlxc.monitor.signal.pdeath =\n' \
  lxc.arch lxc.tty.max lxc.pty.max lxc.autodev lxc.monitor.signal.pdeath
given 'lxc.signal.halt = SIGRTMIN+3\nlxc.signal.stop = sigterm\nlxc.signal.reboot = 999\nlxc.monitor.unshare = 7\n' \
  lxc.signal.halt lxc.signal.stop lxc.signal.reboot lxc.monitor.unshare
given 'lxc.init.groups = 1, 2\nlxc.init.groups = 3\nlxc.init.uid = 5\nlxc.init.cwd = /a//b/\nlxc.init.cmd = /x  "y"\n' \
  lxc.init.groups lxc.init.uid lxc.init.cwd lxc.init.cmd
given 'lxc.cap.drop = sys_admin 3\nlxc.cap.drop = sys_admin\n' lxc.cap.drop
given 'lxc.cap.keep = chown\nlxc.cap.keep = none\n' lxc.cap.keep
given 'lxc.cap.keep = none\nlxc.cap.keep = chown\n' lxc.cap.keep
given 'lxc.environment = A=b=c\nlxc.environment = HOME\n' lxc.environment
given 'lxc.prlimit.nofile = unlimited:5\nlxc.prlimit.core = :5\nlxc.prlimit.as = 5:\nlxc.prlimit.nofile = -1\n' \
  lxc.prlimit lxc.prlimit.nofile lxc.prlimit.core lxc.prlimit.as
given 'lxc.sysctl.a = 1\nlxc.sysctl.b = 2\nlxc.sysctl.a = 3\nlxc.proc.x = 1\nlxc.proc.x = 2\n' \
  lxc.sysctl lxc.sysctl.a lxc.proc lxc.proc.x
given 'lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0x0 0100 1\n' lxc.idmap
given 'lxc.namespace.clone = TIME net\nlxc.namespace.clone = net uts\nlxc.namespace.share.ipc = web\n' \
  lxc.namespace.clone lxc.namespace.share.ipc
given 'lxc.log.level = 3\nlxc.log.syslog = LOCAL0\n' lxc.log.level lxc.log.syslog
given 'lxc.cgroup.dir = a//b/\nlxc.cgroup.b = 1\nlxc.cgroup.b = 2\nlxc.cgroup2.c = 3\n' \
  lxc.cgroup.dir lxc.cgroup lxc.cgroup.b lxc.cgroup2 lxc.cgroup2.c
given 'lxc.rootfs.path = dir://var//lib/./x/\nlxc.rootfs.mount = /a//b/../c/\nlxc.rootfs.managed =\nlxc.mount.fstab = //x\n' \
  lxc.rootfs.path lxc.rootfs.mount lxc.rootfs.managed lxc.mount.fstab
given 'lxc.mount.auto = sys:ro cgroup-full proc:rw\nlxc.mount.auto = cgroup proc\nlxc.mount.entry = a b c d\n' \
  lxc.mount.auto lxc.mount.entry
for size in 1 100KB '3 mb' 1K auto 0 0x2000; do
  given "lxc.console.size = $size\nlxc.console.buffer.size = $size\n" lxc.console.size lxc.console.buffer.size
done
given 'lxc.autodev.tmpfs.size = junk\n' lxc.autodev.tmpfs.size
given 'lxc.autodev.tmpfs.size = -5\n' lxc.autodev.tmpfs.size
given 'lxc.hook.start = /a b\nlxc.hook.start = /c\nlxc.hook.version = 1\n' lxc.hook.start lxc.hook.version
given 'lxc.hook.start = /a b\nlxc.hook =\n' lxc.hook.start
given 'lxc.net.00.type = veth\nlxc.net.0.flags = down\nlxc.net.0.link = br0\nlxc.net.0.hwaddr = 00:16:3e:00:00:01\n' \
  lxc.net lxc.net.0 lxc.net.0.type lxc.net.0.flags lxc.net.0.link lxc.net.0.hwaddr lxc.net.0.name lxc.net.0.mtu \
  lxc.net.0.l2proxy lxc.net.0.script.up lxc.net.0.ipv4.address lxc.net.0.ipv4.gateway lxc.net.0.veth.mode \
  lxc.net.0.veth.pair lxc.net.0.macvlan.mode lxc.net.0.bogus lxc.net.1.type lxc.net.00.type
given 'lxc.net.0.ipv4.address = 10.0.0.5/24 10.0.0.255\nlxc.net.0.ipv4.address = 10.0.0.1\nlxc.net.0.ipv6.address = fe80:0::1\n' \
  lxc.net lxc.net.0.ipv4.address lxc.net.0.ipv6.address
given 'lxc.net.0.ipv4.gateway = auto\nlxc.net.0.ipv6.gateway = fe80::0:1\nlxc.net.0.name = averyveryverylongname\n' \
  lxc.net.0.ipv4.gateway lxc.net.0.ipv6.gateway lxc.net.0.name
given 'lxc.net.0.type = veth\nlxc.net.0.veth.pair = p0\nlxc.net.0.veth.mode = router\nlxc.net.0.veth.n_rxqueues = 0x2\nlxc.net.0.veth.n_txqueues = 3\nlxc.net.0.veth.vlan.id = 7\nlxc.net.0.veth.vlan.tagged.id = 5\nlxc.net.0.veth.ipv4.route = 10.0.0.0/8\nlxc.net.0.veth.ipv4.route = 11.0.0.0/8\nlxc.net.0.veth.ipv6.route = fd00:0::/64\nlxc.net.0.script.down = /a b\nlxc.net.0.mtu = 14x\nlxc.net.0.l2proxy = 1\n' \
  lxc.net.0.veth.pair lxc.net.0.veth.mode lxc.net.0.veth.n_rxqueues lxc.net.0.veth.n_txqueues lxc.net.0.veth.vlan.id \
  lxc.net.0.veth.vlan.tagged.id lxc.net.0.veth.ipv4.route lxc.net.0.veth.ipv6.route lxc.net.0.script.down lxc.net.0.mtu \
  lxc.net.0.l2proxy
given 'lxc.net.0.type = veth\nlxc.net.1.type = vlan\nlxc.net.2.type = vlan\nlxc.net.2.vlan.id = 0x10\nlxc.net.3.type = ipvlan\nlxc.net.3.ipvlan.mode = l3s\nlxc.net.3.ipvlan.isolation = vepa\nlxc.net.4.type = ipvlan\nlxc.net.5.type = macvlan\nlxc.net.5.macvlan.mode = passthru\nlxc.net.6.type = phys\n' \
  lxc.net lxc.net.0.veth.n_rxqueues lxc.net.0.veth.vlan.tagged.id lxc.net.0.veth.ipv4.route lxc.net.0.veth.ipv6.route \
  lxc.net.1.vlan.id lxc.net.2.vlan.id lxc.net.3.ipvlan.mode lxc.net.3.ipvlan.isolation lxc.net.4.ipvlan.isolation \
  lxc.net.5.macvlan.mode lxc.net.0.vlan.id lxc.net.1.ipvlan.mode
given 'lxc.start.auto = 1\nlxc.start.delay = 5\nlxc.no_new_privs = 1\nlxc.sched.core = 1\nlxc.keyring.session = 1\nlxc.init.gid = 7\nlxc.execute.cmd = /b\nlxc.cgroup.relative = 1\nlxc.tty.dir = a/b\nlxc.console.rotate = 1\nlxc.console.path = none\nlxc.console.logfile = //l\nlxc.log.file = /x//y\nlxc.rootfs.options = ro\n' \
  lxc.start.auto lxc.start.delay lxc.no_new_privs lxc.sched.core lxc.keyring.session lxc.init.gid lxc.execute.cmd \
  lxc.cgroup.relative lxc.tty.dir lxc.console.rotate lxc.console.path lxc.console.logfile lxc.log.file lxc.rootfs.options
given 'lxc.cgroup.dir.monitor = m//n\nlxc.cgroup.dir.monitor.pivot = p\nlxc.cgroup.dir.container = c\nlxc.cgroup.dir.container.inner = i\nlxc.namespace.keep = user net\n' \
  lxc.cgroup.dir.monitor lxc.cgroup.dir.monitor.pivot lxc.cgroup.dir.container lxc.cgroup.dir.container.inner lxc.namespace.keep
given 'lxc.hook.pre-start = /a\nlxc.hook.pre-mount = /b\nlxc.hook.mount = /c\nlxc.hook.autodev = /d\nlxc.hook.start-host = /e\nlxc.hook.stop = /f\nlxc.hook.post-stop = /g\nlxc.hook.clone = /h\nlxc.hook.destroy = /i\n' \
  lxc.hook.pre-start lxc.hook.pre-mount lxc.hook.mount lxc.hook.autodev lxc.hook.start-host lxc.hook.stop lxc.hook.post-stop \
  lxc.hook.clone lxc.hook.destroy
given 'lxc.apparmor.profile = a b\nlxc.apparmor.raw = x,\nlxc.apparmor.raw = y,\nlxc.apparmor.allow_nesting = 1\nlxc.seccomp.profile = /a//b\nlxc.seccomp.allow_nesting = 1\nlxc.seccomp.notify.cookie = c\nlxc.selinux.context = x_t\n' \
  lxc.apparmor.profile lxc.apparmor.raw lxc.apparmor.allow_nesting lxc.seccomp.profile lxc.seccomp.allow_nesting \
  lxc.seccomp.notify.cookie lxc.selinux.context lxc.selinux.context.keyring
given 'lxc.net.3.flags = up\nlxc.net.1.type = macvlan\n' lxc.net lxc.net.1.macvlan.mode lxc.net.3.type

# Lines that neither reads.
for line in 'lxc.uts.name' 'lxc.bogus = 1' 'lxc.tty.max = 4x' 'lxc.tty.max = -1' 'lxc.start.auto = 2' 'lxc.signal.halt = PWR' \
  'lxc.signal.halt = SIGRTMIN' 'lxc.cap.drop = CAP_SYS_ADMIN' 'lxc.cap.drop = none' 'lxc.cap.drop = 63' \
  'lxc.cap.drop = kill\nlxc.cap.keep = chown' 'lxc.mount.auto = Proc' 'lxc.idmap = u 0 100000 65536 x' 'lxc.net.a.type = veth' \
  'lxc.net = x' 'lxc.hook = x' 'lxc.hook.foo = x' 'lxc.net.0.macvlan.mode = vepa' 'lxc.time.offset.boot = 10' \
  'lxc.time.offset.boot = 5 ms' 'lxc.cgroup.dir = /a' 'lxc.cgroup.dir = a..b' 'lxc.arch =' 'lxc.environment = KEELSON_NOT_SET' \
  'lxc.namespace.keep = mount' 'lxc.namespace.clone = net\nlxc.namespace.keep =\nlxc.namespace.keep = ipc' \
  'lxc.hook.version = 2' 'lxc.log.level = 9' 'lxc.log.syslog = user' 'lxc.console.size = 1TB' 'lxc.prlimit.nofile = 0x10' \
  'lxc.namespace.share.Net = a' 'lxc.net.0.type = veth\nlxc.net.0.veth.n_rxqueues = 0' \
  'lxc.net.0.type = veth\nlxc.net.0.veth.vlan.id = 4095' 'lxc.net.0.type = veth\nlxc.net.0.veth.vlan.tagged.id = none' \
  'lxc.net.0.type = veth\nlxc.net.0.veth.ipv4.route = 10.0.0.0' 'lxc.net.0.type = veth\nlxc.net.0.veth.mode = routed' \
  'lxc.net.0.type = vlan\nlxc.net.0.vlan.id = 65536' 'lxc.net.0.type = ipvlan\nlxc.net.0.ipvlan.mode = l4' \
  'lxc.net.0.type = ipvlan\nlxc.net.0.ipvlan.isolation = none' 'lxc.net.0.vlan.id = 5' 'lxc.net.0.l2proxy = 2' 'lxc.rootfs.options = ro,create=dir' 'lxc.utsname = a' "lxc.include = /none/$klt"; do
  refused "$line\n"
done

# lxc-config prints the same, word for word.
for word in '' -l -h --he lxc lxc.cgr lxc.lxcpath lxc.bogus lxc.bdev.lvm.vg; do
  count=$((count + 1))
  [ "$(lxc-config $word; echo $?)" = "$("$KEELSON_BUILD"/bin/lxc-config $word; echo $?)" ] && continue
  echo "lxc-config $word differs"
  wrong=$((wrong + 1))
done

# Keys from before LXC 2.1, those that LXC's script converts too.
cat >"$work/old" <<'OLD'
#lxc.utsname = commented
lxc.utsname = web
lxc.mount = /etc/fstab
lxc.mount.entry = a b c d
lxc.tty=4
lxc.pts	= 1024
lxc.id_map = u 0 100000 65536
lxc.aa_profile = unconfined
lxc.seccomp = /x
lxc.console = none
lxc.haltsignal = SIGPWR
lxc.loglevel = 3
lxc.init_cmd = /bin/x
lxc.kmsg = 0
lxc.network.type = veth
lxc.network.ipv4 = 10.0.0.1/24
lxc.network.ipv4.gateway = 10.0.0.2
lxc.network.type = macvlan
lxc.network.macvlan.mode = vepa
lxc.network.5.type = phys
lxc.rootfs = /srv/web
lxc.rootfs.backend = lvm
OLD
cp "$work/old" "$work/by-lxc"
cp "$work/old" "$work/by-keelson"
(cd "$work" && lxc-update-config -c "$work/by-lxc" && "$KEELSON_BUILD/bin/lxc-update-config" -c "$work/by-keelson") ||
  fail "lxc-update-config exited with $?"
diff "$work/by-lxc" "$work/by-keelson" || wrong=$((wrong + 1))
cmp "$work/old" "$work/by-keelson.backup" || wrong=$((wrong + 1))
count=$((count + 2))

echo "$count answers compared, $wrong differ"
[ $wrong = 0 ]
