#!/bin/bash
# Keys of the container's first process, its limits, settings and environment: what each does to a running container.
# own-host
# also: nothing
. "$(dirname "$0")/../support/system.sh"
. "$support/config_table.sh"
name=$klt-p

limit() { awk -v name="$1" '$0 ~ name {print $(NF-2), $(NF-1)}' /proc/self/limits; }
status() { echo "awk '/^$1:/{\$1 = \"\"; print substr(\$0, 2)}' /proc/1/status"; }

row "lxc.uts.name = $klt-named" hostname "$klt-named" "$(hostname)"
row "lxc.arch = i686" "uname -m" i686
command="/bin/sh  \"/look\" 'two words'" word='two words' cwd=/made/for/it
# LXC 5.0.2 keeps quotes in an init's command, and does not make its directory.
[ "${KEELSON_AS:-}" != lxc ] || command="/bin/sh /look word" word=word cwd=/answers
row "lxc.init.cmd = $command" 'echo "$1"' "$word" by-default
row "lxc.init.cwd = $cwd//" pwd $cwd /
row "lxc.init.uid = 1000" "id -u" 1000 0
row "lxc.init.gid = 1001" "id -g" 1001 0
line "lxc.init.groups = 1002,1003"
row "lxc.init.groups = 1004" "$(status Groups)" "1002 1003 1004" ""
row "lxc.cap.drop = sys_time mknod 3" "bounding 25 27 3 21" 0001 1111
row "lxc.no_new_privs = 1" "$(status NoNewPrivs)" 1 0
row "lxc.prlimit.nofile = 100:200" "awk '/open files/{print \$4, \$5}' /proc/1/limits" "100 200" "$(awk '/open files/{print $4, $5}' /proc/self/limits)"
row "lxc.prlimit.core = :1024" "awk '/core file/{print \$5, \$6}' /proc/1/limits" "0 1024" "$(awk '/core file/{print $5, $6}' /proc/self/limits)"
row "lxc.prlimit.3 = 4194304" "awk '/stack size/{print \$4, \$5}' /proc/1/limits" "4194304 4194304" "$(awk '/stack size/{print $4, $5}' /proc/self/limits)"
row "lxc.sysctl.net.ipv4.ip_forward = 1" "cat /proc/sys/net/ipv4/ip_forward" 1 0
row "lxc.sysctl.kernel.msgmax = 4097" "cat /proc/sys/kernel/msgmax" 4097 8192
row "lxc.proc.oom_score_adj = 321" "cat /proc/1/oom_score_adj" 321 "$(cat /proc/self/oom_score_adj)"
export KLT_COPIED='as it is'
line "lxc.environment = KLT_SET=b=c"
row "lxc.environment = KLT_COPIED" 'echo "$KLT_SET $KLT_COPIED"' "b=c as it is" " "
line "lxc.mount.auto = proc:rw"
not_cleared="$not_cleared
lxc.mount.auto
lxc.hook.start"
line "lxc.hook.start = /hook"
row "lxc.hook.version = 1" "grep -E '^(LXC_HOOK_|KLT_[SC])' /answers/of-hook | sort" "KLT_COPIED=as it is
KLT_SET=b=c
LXC_HOOK_SECTION=lxc
LXC_HOOK_TYPE=start
LXC_HOOK_VERSION=1" "KLT_COPIED=as it is
LXC_HOOK_VERSION=0"
ours
line "lxc.environment.runtime = KLT_RUNTIME=r"
row "lxc.environment.hooks = KLT_HOOKS=h" 'echo "$KLT_RUNTIME $KLT_HOOKS $(grep -c ^KLT_HOOKS=h /answers/of-hook) $(grep -c ^KLT_R /answers/of-hook)"' "r  1 0" "  0 0"
look "$name" -l DEBUG -o "$work/log"

k stop -k -n "$name"

# Whatever joins later has the limits as well, those of the file as it is by then.
container "$name-limits" "lxc.net.0.type = empty" "lxc.mount.auto = proc:rw" "lxc.prlimit.nofile = 100:200" "lxc.proc.oom_score_adj = 321"
k start -n "$name-limits" || fail "with limits it does not start"
joins_with() { # LIMITS OOM_SCORE_ADJ
  local seen; seen=$(k attach -n "$name-limits" -- sh -c "awk '/open files/{print \$4, \$5}' /proc/self/limits; cat /proc/self/oom_score_adj" | tr '\n' ' ')
  asked=$((asked + 1))
  [ "$seen" = "$1 $2 " ] || differs "attach has the limits and oom_score_adj $seen, not $1 $2"
}
joins_with "100 200" 321
sed -i 's/100:200/50:60/; s/321/432/' "$lxcpath/$name-limits/config"
joins_with "50 60" 432
k stop -k -n "$name-limits"

# One key for one run.
container "$name-once" "lxc.mount.auto = proc:rw" "lxc.execute.cmd = /bin/sh -c id" "lxc.cap.drop = sys_time"
ask_once() { # EXPECTED OPTION... -- COMMAND...
  local wanted=$1 answer; shift
  answer=$(k execute -n "$name-once" "$@" 2>&1)
  asked=$((asked + 1))
  [ "$answer" = "$wanted" ] || differs "execute $*: prints '$answer', not '$wanted'"
}
in_proc="awk '/^(CapBnd|NoNewPrivs)/{print \$2}' /proc/self/status"
all=$(awk '/^CapBnd/{print $2}' /proc/self/status)
ask_once "$(printf '%016x\n0' $((0x$all & ~(1 << 25))))" -- sh -c "$in_proc"
ask_once "$(printf '%016x\n1' $((0x$all & ~(1 << 25))))" -s lxc.no_new_privs=1 -- sh -c "$in_proc"
ask_once "$(printf '%016x\n0' $((0x$all & 0x29)))" -s lxc.cap.drop= -s "lxc.cap.keep = chown kill" -s lxc.cap.keep=3 -- sh -c "$in_proc"
ask_once "$(printf '%016x\n0' 0)" -s lxc.cap.keep= -s lxc.cap.keep=chown -s lxc.cap.keep=none -- sh -c "$in_proc"
ask_once "$all
0" -s lxc.cap.drop= -- sh -c "$in_proc"
ask_once "b c" -s "lxc.environment = 'KLT=b c'" -- sh -c 'echo $KLT'

echo 'lxc.environment = KLT=included' >"$work/include"
ask_once included -s lxc.include="$work/include" -- sh -c 'echo $KLT'
ask_once "uid=0(root) gid=0"
[ "${KEELSON_AS:-}" = lxc ] || ask_once inits -s lxc.execute.cmd= -s "lxc.init.cmd = /bin/echo inits" # 5.0.2 crashes
for item in lxc.bogus=1 lxc.start.auto=2 lxc.uts.name; do
  [ "${KEELSON_AS:-}:$item" != lxc:lxc.uts.name ] || continue # is ignored
  k execute -n "$name-once" -s "$item" -- true >"$work/out" 2>&1 && differs "-s $item is taken"
  [ "${KEELSON_AS:-}" = lxc ] || grep -q "${item%%=*}" "$work/out" || differs "-s $item: the error does not name it: $(cat "$work/out")"
done

# Who joins a container is confined as it was started, not as its file says; its environment is the file's. And whoever init runs
# as, it is root.
container "$name-joined" "lxc.mount.auto = proc:rw" "lxc.cap.drop = mknod" "lxc.environment = KLT=file" "lxc.init.uid = 1001"
printf '2\ndenylist\nswapon errno 1\n' >"$work/policy"
k start -n "$name-joined" -s lxc.cap.drop=sys_time -s lxc.arch=i686 -s lxc.no_new_privs=1 -s lxc.init.uid=1000 \
  -s "lxc.seccomp.profile=$work/policy" -s lxc.environment=KLT=start -- /bin/sleep 1000 || fail "it does not start with -s"
joined="$(printf '%016x' $((0x$all & ~(1 << 25) & ~(1 << 27))))
1
2
i686 0 file"
for when in "its file" "another file"; do
  answer=$(k attach -n "$name-joined" -- sh -c "awk '/^(CapBnd|NoNewPrivs|Seccomp:)/{print \$2}' /proc/self/status; echo \$(uname -m; id -u; echo \$KLT)")
  asked=$((asked + 1))
  [ "$answer" = "$joined" ] || differs "joined, with $when: '$answer', not '$joined'"
  sed -i /cap.drop/d "$lxcpath/$name-joined/config"
done
k stop -k -n "$name-joined"

# The session keyring: a new one, or that of who starts the container.
with_keyring() {
  python3 -c 'import ctypes, os, sys
libc = ctypes.CDLL(None) # keyctl(2): join a session keyring, which only its possessors see
if libc.syscall(250, 1, b"klt-keyring") < 0 or libc.syscall(250, 5, -3, 0x3f000000) < 0: sys.exit("no session keyring")
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
}
for session in 0 1; do
  answer=$(with_keyring "$(program execute)" -P "$lxcpath" -n "$name-once" -s lxc.keyring.session=$session -- grep -c klt-keyring /proc/keys)
  asked=$((asked + 1))
  [ "$answer" = $session ] || differs "with lxc.keyring.session = $session, $answer of the keyrings are the caller's"
done

# Who joins has a new one, too: none of its caller's keys is found from there. (LXC 5.0.2 gives it none.)
mkdir -p "$work/keys"
cat >"$work/keys/with" <<'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None) # keyctl(2) and add_key(2): a key in a new session keyring
if libc.syscall(250, 1, b"klt-session") < 0 or libc.syscall(248, b"user", b"klt-key", b"secret", 6, -3) < 0:
    sys.exit("no key in the session keyring")
os.execvp(sys.argv[1], sys.argv[1:])
PY
cat >"$work/keys/look" <<'PY'
import ctypes # KEYCTL_SEARCH, KEYCTL_READ
libc, text = ctypes.CDLL(None), ctypes.create_string_buffer(6)
key = libc.syscall(250, 10, -3, b"user", b"klt-key", 0)
print(text.value.decode() if key > 0 and libc.syscall(250, 11, key, text, 6) == 6 else "nothing")
PY
cat >"$work/keys/fill" <<'PY'
import ctypes, time
libc, number = ctypes.CDLL(None), 0
while True:
    while libc.syscall(248, b"user", b"%d" % number, b"x", 1, -3) > 0: number += 1
    time.sleep(0.2) # as long as keys of others go
    print("full", flush=True)
PY
chmod -R a+rX "$work/keys"
# Ids that no test beside this one has: its keys are used up.
map="lxc.idmap = u 0 500000 65536
lxc.idmap = g 0 500000 65536"
for line in "" "$map" "lxc.keyring.session = 1"; do
  [ "${KEELSON_AS:-}" != lxc ] || break
  container "$name-keys" "lxc.init.cmd = /bin/sleep 1000" "lxc.mount.entry = /usr host/usr none bind,ro,create=dir" \
    "lxc.mount.entry = $work/keys host/keys none bind,ro,create=dir" "$line"
  chmod 755 "$lxcpath" "$lxcpath/$name-keys"
  at=$lxcpath/$name-keys/rootfs
  mkdir "$at/host"
  for link in lib lib64; do ln -s "usr/$link" "$at/host/$link"; done
  [ "$line" != "$map" ] || chown -R 500000:500000 "$at"
  k start -n "$name-keys" || fail "the container for keys does not start"
  for options in "" -e full; do
    if [ "$options" = full ]; then # no key more for the container's root: that is not how it gets its caller's
      [ "$line" = "$map" ] || continue
      : >"$work/full"
      k attach -n "$name-keys" -- /bin/chroot /host /usr/bin/python3 /keys/fill >"$work/full" &
      full() { [ "$(wc -l <"$work/full")" -gt 2 ]; }
      wait_for 10 full || fail "the quota of keys is not used up"
      options=
      twin "$name-keys2" "$name-keys" "lxc.mount.entry = /usr host/usr none bind,ro" \
        "lxc.mount.entry = $work/keys host/keys none bind,ro" "$map"
      chmod 755 "$lxcpath/$name-keys2"
      answer=$(/usr/bin/python3 "$work/keys/with" "$(program execute)" -P "$lxcpath" -n "$name-keys2" -- \
        /bin/chroot /host /usr/bin/python3 /keys/look 2>&1)
      [ "$answer" = nothing ] || differs "a start without a key left for its root: '$answer' of the caller's keys is found"
    fi
    answer=$(/usr/bin/python3 "$work/keys/with" "$(program attach)" -P "$lxcpath" -n "$name-keys" $options -- \
      /bin/chroot /host /usr/bin/python3 /keys/look 2>&1)
    wanted=nothing
    [ "$line" != "lxc.keyring.session = 1" ] || wanted=secret
    asked=$((asked + 1))
    [ "$answer" = $wanted ] || differs "attach $options, with $line: '$answer' of the caller's keys is found, not '$wanted'"
  done
  k stop -k -n "$name-keys"
  rm -r "$lxcpath/$name-keys"
done

# A scheduling cookie of its own, or an error that says what is missing.
if k execute -n "$name-once" -s lxc.sched.core=1 -o "$work/core" -- true >"$work/out" 2>&1; then
  echo "the kernel has core scheduling"
else
  cat "$work/out" "$work/core" | grep -qi 'core scheduling' || differs "lxc.sched.core: the error does not name it: $(cat "$work/out")"
fi

# Who joins shares the cookie, asked for by the number that init has for it, or is refused. Here a filter answers in the kernel's
# place, which need not have core scheduling; LXC also asks for the number of the cookie.
with_core() { # PID-OF-INIT COMMAND...
  /usr/bin/python3 -c 'import ctypes, os, struct, sys
load, equals, end, taken, refused, allowed = 0x20, 0x15, 0x06, 0x50000, 0x50000 + 3, 0x7fff0000 # ESRCH
steps = [(load, 0, 0, 0), (equals, 0, 11, 157), (load, 0, 0, 16), (equals, 0, 9, 62), # prctl(PR_SCHED_CORE, ...
         (load, 0, 0, 24), (equals, 5, 0, 1), (equals, 0, 6, 3), # a cookie is made, or shared ...
         (load, 0, 0, 32), (equals, 0, 3, int(sys.argv[1])), (load, 0, 0, 40), (equals, 0, 1, 0), # ... with that thread
         (end, 0, 0, taken), (end, 0, 0, refused), (end, 0, 0, allowed)]
text = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(text)))
if ctypes.CDLL(None).prctl(22, 2, program, 0, 0) != 0: sys.exit("no filter")
os.execvp(sys.argv[2], sys.argv[2:])' "$@"
}
core_attach() { # PID-OF-INIT OPTION...
  local pid=$1; shift
  with_core "$pid" "$(program attach)" -P "$lxcpath" -n "$name-core" "$@" -- /bin/echo joined 2>&1
}
if [ "${KEELSON_AS:-}" != lxc ]; then
  container "$name-core" "lxc.init.cmd = /bin/sleep 1000" "lxc.sched.core = 1"
  with_core 0 "$(program start)" -P "$lxcpath" -n "$name-core" || fail "the container with a cookie does not start"
  pid=$(k info -n "$name-core" -pH)
  asked=$((asked + 4))
  answer=$(core_attach 1)
  [ "$answer" = joined ] || differs "lxc.sched.core: who joins says $answer"
  answer=$(core_attach "$pid" -s 'UTSNAME|MOUNT')
  [ "$answer" = joined ] || differs "lxc.sched.core: who joins from the host's processes says $answer"
  answer=$(core_attach 0) && differs "lxc.sched.core: who gets no cookie joins all the same: $answer"
  case $answer in *'core scheduling'*lxc.sched.core*) ;; *) differs "lxc.sched.core: the error does not name it: $answer" ;; esac
  k stop -k -n "$name-core"
fi

# Signals, also that of a monitor that died.
container "$name-signals" "lxc.mount.auto = proc:rw" "lxc.init.cmd = /bin/sh /init" "lxc.monitor.unshare = 7" \
  "lxc.signal.halt = sigusr1" "lxc.signal.reboot = SIGRTMIN+5" "lxc.signal.stop = 14" "lxc.monitor.signal.pdeath = SIGUSR2"
at=$lxcpath/$name-signals/rootfs
cat >"$at/init" <<'I'
trap 'echo halt >>/signals; exit' USR1
trap 'echo reboot >>/signals; exec /bin/reboot -f' 39
trap 'echo stop >>/signals; exit' ALRM
trap 'echo orphan >>/signals; exit' USR2
echo ready >>/signals
while :; do sleep 1000 & wait; done
I
said() { [ "$(tail -n 1 "$at/signals" 2>&1)" = "$1" ]; }
start_signals() {
  k start -n "$name-signals" -p "$work/pid" 2>"$work/err" || fail "the container with signals does not start: $(cat "$work/err")"
  wait_for 5 said ready || fail "no init with signals: $(cat "$at/signals")"
}
start_signals
[ "$(readlink "/proc/$(cat "$work/pid")/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] || differs "lxc.monitor.unshare: the monitor is in the host's mounts"
k stop -r -n "$name-signals" -t 10 || differs "lxc.signal.reboot: no reboot"
wait_for 5 said ready
[ "$(tail -n 2 "$at/signals" | head -n 1)" = reboot ] || differs "lxc.signal.reboot: init got $(cat "$at/signals")"
k stop -n "$name-signals" -t 10 --nokill && said halt || differs "lxc.signal.halt: init got $(cat "$at/signals")"
start_signals
k stop -k -n "$name-signals" && said stop || differs "lxc.signal.stop: init got $(cat "$at/signals")"
start_signals
[ "$(readlink "/proc/$(cat "$work/pid")/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] || differs "lxc.monitor.unshare: not in the second start"
kill -KILL "$(cat "$work/pid")"
wait_for 5 said orphan || differs "lxc.monitor.signal.pdeath: init got $(cat "$at/signals")"
k info -n "$name-signals" >/dev/null # cleans up
[ "${KEELSON_AS:-}" != lxc ] || find /sys/fs/cgroup -depth -name "*$name-signals*" -exec rmdir {} \;

# A container that goes when it stops.
container "$name-ephemeral" "lxc.ephemeral = 1" "lxc.init.cmd = /bin/sleep 1000"
k start -n "$name-ephemeral" && k stop -k -n "$name-ephemeral"
gone() { [ ! -e "$lxcpath/$name-ephemeral" ]; }
wait_for 5 gone || differs "lxc.ephemeral: $(ls "$lxcpath/$name-ephemeral") is left"

# At boot: who, in which order, and how long to wait after each.
mkdir "$work/boot"
booting() { mkdir "$work/boot/$1"; printf '%s\n' "lxc.rootfs.path = dir:/none" "${@:2}" >"$work/boot/$1/config"; }
booting last "lxc.start.auto = 1" "lxc.start.order = 5"
booting first "lxc.start.auto = 1" "lxc.start.order = -1" "lxc.start.delay = 3"
booting never "lxc.start.auto = 1" "lxc.start.auto ="
booting one-of-web "lxc.start.auto = 1" "lxc.group = klt-web klt-db"
booting cleared "lxc.start.auto = 1" "lxc.group = klt-web" "lxc.group =" "lxc.start.order = 9" "lxc.start.order =" "lxc.start.delay = 2" "lxc.start.delay ="
at_boot() { # EXPECTED OPTION...
  local wanted=$1 answer; shift
  answer=$("$(program autostart)" -P "$work/boot" -L "$@" | tr '\n' ' ')
  asked=$((asked + 1))
  [ "$answer" = "$wanted" ] || differs "autostart -L $*: '$answer', not '$wanted'"
}
at_boot "first 3 cleared 0 last 0 "
at_boot "one-of-web 0 " -g klt-db
at_boot "one-of-web 0 first 3 cleared 0 last 0 " -g klt-web,
at_boot "first 3 cleared 0 never 0 one-of-web 0 last 0 " -a -A

# Several at boot, with mount namespaces of their monitors: none sees what a hook of another mounted, and the host neither.
mkdir "$work/mounted"
for i in 1 2; do
  container "$name-boot$i" "lxc.init.cmd = /bin/sleep 1000" "lxc.start.auto = 1" "lxc.group = klt-boot" "lxc.monitor.unshare = 1" \
    "lxc.start.order = $i" "lxc.hook.version = 1" "lxc.hook.pre-start = $work/mount-once"
done
cat >"$work/mount-once" <<H
#!/bin/sh
[ ! -e $work/mounted/by ] || exit 1
mount -t tmpfs none $work/mounted && touch $work/mounted/by
H
chmod 755 "$work/mount-once"
k autostart -g klt-boot >"$work/out" 2>&1 || differs "autostart: $(cat "$work/out")"
for i in 1 2; do
  [ "$(k info -n "$name-boot$i" -sH)" = RUNNING ] || differs "autostart: $name-boot$i does not run: $(cat "$work/out")"
  k stop -k -n "$name-boot$i"
done
[ ! -e "$work/mounted/by" ] || differs "lxc.monitor.unshare: a hook's mount is on the host"

[ $wrong = 0 ] || fail "$wrong of $asked answers differ"
echo "$asked answers"
