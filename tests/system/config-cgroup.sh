#!/bin/bash
# lxc.cgroup.dir and its kin, lxc.cgroup.relative, the control files of both versions and lxc.mount.auto = cgroup, as they are
# in effect in running containers.
# also: cgroup2-only cgroup-legacy
# Where LXC 5 differs: its pivot cgroups stay, and Keelson makes them only where the base takes no process.
. "$(dirname "$0")/../support/system.sh"
lxc() { [ "${KEELSON_AS:-}" = lxc ]; }
top=/sys/fs/cgroup
if [ -e $top/cgroup.controllers ]; then layout=unified v2=$top; elif [ -e $top/unified/cgroup.procs ]; then layout=hybrid v2=$top/unified; else layout=legacy v2=; fi
own=$klt # no cgroup of any other begins so
remove_own() { find $top -depth -type d -path "*/$own*" -exec rmdir {} + 2>/dev/null; }
at_end remove_own
left() { find $top -type d -path "*/$own*" ! -path '*pivot' ! -name "$own" ! -name "$own-*" ! -path "*/$own-e/a"; }

start() { # NAME
  k start -n "$1" -l INFO -o "$work/$1.log" 2>"$work/err" || fail "$1 did not start: $(cat "$work/err")"
  pid=$(k info -n "$1" -pH)
  monitor=$(awk '/^PPid/ {print $2}' "/proc/$pid/status")
}
# Each cgroup of a process has to end so.
places() { # PID END
  local wrong
  wrong=$(grep -v "$2\$" "/proc/$1/cgroup")
  [ $layout = unified ] || wrong=$(grep -v '^0::' <<<"$wrong") # the machine may have a version 2 without a process in it
  [ -z "$wrong" ] || fail "process $1 is not in $2: $wrong"
}
value() { # NAME FILE
  k cgroup -n "$1" "$2" 2>&1 | head -1
}
holds() { # NAME FILE VALUE; LXC reads in the inner cgroup
  lxc || [ "$(value "$1" "$2")" = "$3" ] || fail "$2 of $1 is '$(value "$1" "$2")', not $3"
}

# ---- all four places, and control files of every controller that is here
if [ $layout = unified ]; then
  set -- memory.max=64M=67108864 memory.high=32M=33554432 pids.max=40=40 cpu.max="20000 100000"="20000 100000" cpu.weight=50=50 \
    cpuset.cpus=0=0 cgroup.max.depth=7=7
  prefix=lxc.cgroup2
else
  set -- memory.limit_in_bytes=64M=67108864 memory.soft_limit_in_bytes=32M=33554432 pids.max=40=40 cpu.shares=512=512 cpuset.cpus=0=0 \
    freezer.state=THAWED=THAWED
  prefix=lxc.cgroup
fi
lines=() wanted=()
for one; do
  file=${one%%=*}; rest=${one#*=}
  controller=${file%%.*}
  if [ $layout = unified ]; then [ "$controller" = cgroup ] || grep -qw "$controller" $top/cgroup.controllers || continue
  else [ -d "$top/$controller" ] || continue; fi
  lines+=("$prefix.$file = ${rest%%=*}"); wanted+=("$file=${rest#*=}")
done
[ ${#lines[@]} -ge 4 ] || fail "there are too few controllers here: ${lines[*]}"
[ $layout != hybrid ] || lxc || lines+=("lxc.cgroup2.cgroup.max.depth = 7")
common="lxc.net.0.type = empty"
echo "$prefix.${wanted[0]%%=*} = 1M" >"$work/included"
container places "$common" "lxc.include = $work/included" "$prefix.${wanted[0]%%=*} =" "${lines[@]}" "lxc.proc.oom_score_adj = 321" "lxc.mount.auto = proc sys" \
  "lxc.cgroup.dir.monitor = $own-d/monitor" "lxc.cgroup.dir.container = $own-d/payload" "lxc.cgroup.dir.container.inner = inner" \
  "lxc.cgroup.dir.monitor.pivot = $own-d/pivot"
start places
places "$pid" "/$own-d/payload/inner"
places "$monitor" "/$own-d/monitor"
for one in "${wanted[@]}"; do
  file=${one%%=*}
  case $layout in unified) limit=$top ;; *) limit=$top/${file%%.*} ;; esac
  [ "$(cat "$limit/$own-d/payload/$file")" = "${one#*=}" ] || fail "$file is $(cat "$limit/$own-d/payload/$file"), not ${one#*=}"
  holds places "$file" "${one#*=}"
done
[ $layout != hybrid ] || lxc || [ "$(cat "$v2/$own-d/payload/cgroup.max.depth")" = 7 ] || fail "lxc.cgroup2 has no effect on a hybrid host"
# the inner cgroup is not limited itself, and the namespace begins there
case $layout in unified) limit=$top/$own-d/payload/inner/pids.max ;; *) limit=$top/pids/$own-d/payload/inner/pids.max ;; esac
[ "$(cat "$limit")" = max ] || fail "the inner cgroup has the limit $(cat "$limit")"
[ "$(k attach -n places -- cut -d: -f3 /proc/1/cgroup | sort -u)" = / ] || fail "the cgroup namespace does not begin at the inner cgroup"
# in effect: one processor, no more than 40 processes, the score of the init
[ "$(awk '/^Cpus_allowed_list/ {print $2}' "/proc/$pid/status")" = 0 ] || fail "lxc cpuset.cpus has no effect on the init"
forks=$(k attach -n places -- sh -c 'for i in $(seq 60); do sleep 100 >/dev/null 2>&1 & done' 2>&1)
[[ $forks == *fork* ]] || fail "60 processes were made in spite of pids.max: $forks"
[ "$(cat "/proc/$pid/oom_score_adj")" = 321 ] || fail "lxc.proc.oom_score_adj is $(cat "/proc/$pid/oom_score_adj")"
# at run time
check "pids.max cannot be changed" k cgroup -n places pids.max 90
holds places pids.max 90
k cgroup -n places pids.nosuch 1 2>/dev/null && fail "a file that there is not was written"
k cgroup -n places pids.nosuch >/dev/null 2>&1 && fail "a file that there is not was read"
check "places did not stop" k stop -k -n places
[ -z "$(left)" ] || fail "left behind: $(left)"

# ---- a directory; what included files say cleared, one key and the whole family
echo "$prefix.pids.max = 5
$prefix.nosuch.file = 1
lxc.cgroup.dir = elsewhere" >"$work/included"
twin directory places "$common" "lxc.include = $work/included" "lxc.cgroup.dir =" "$prefix =" "lxc.cgroup.dir = $own-e/a"
start directory
places "$pid" "/$own-e/a/lxc.payload.directory"
places "$monitor" "/$own-e/a/lxc.monitor.directory"
holds directory pids.max max
k stop -k -n directory
[ -z "$(left)" ] || fail "left behind: $(left)"

# ---- below the cgroup of who starts it
twin relative places "$common" "lxc.cgroup.relative = 1"
in_own() { # COMMAND...: from a cgroup of our own in one hierarchy
  local base=$top/pids/$own
  [ $layout != unified ] || base=$top/$own
  mkdir -p "$base"
  (echo "$BASHPID" >"$base/cgroup.procs" && "$@")
}
in_own start relative
pid=$(k info -n relative -pH)
grep -q "/$own/lxc.payload.relative\$" "/proc/$pid/cgroup" || fail "it is not below the cgroup of the starter: $(cat "/proc/$pid/cgroup")"
k stop -k -n relative
[ -z "$(left)" ] || fail "left behind: $(left)"

# ---- lxc.mount.auto = cgroup
mounts() { awk '$5 ~ "^/sys/fs/cgroup" {i = 7; while ($i != "-") i++; print $5, $6, $4, $(i + 1)}' "/proc/$pid/mountinfo"; }
mounted() { # PLACE REGEX
  [[ $(mounts | grep "^$1 " | tail -1) =~ ^$1\ $2 ]] || fail "$name: $1 is '$(mounts | grep "^$1 ")', not '$2'"
}
number=0
automatic() { # TOKEN LINE...
  name=auto$((number++))
  twin "$name" places "$common" "lxc.mount.auto = proc sys $1" "${@:2}"
  start "$name"
}
secure='nosuid,nodev,noexec,relatime'
if [ $layout = unified ]; then
  automatic cgroup; mounted $top "rw,$secure / cgroup2|rw,$secure /lxc.payload.$name cgroup2"
  check "cgroup: it cannot make a cgroup" k attach -n "$name" -- mkdir $top/made
  automatic cgroup:mixed; mounted $top "rw,$secure"
  automatic cgroup-full:ro; mounted $top "ro,$secure"
  automatic cgroup2:ro:force; mounted $top "ro,$secure"
  k attach -n "$name" -- mkdir $top/made 2>/dev/null && fail "cgroup2:ro: it can make a cgroup"
  twin alone places "$common" "lxc.mount.auto = proc sys cgroup" "lxc.namespace.keep = cgroup user"
  k start -n alone 2>/dev/null && fail "cgroups were mounted without a cgroup namespace"
else
  automatic cgroup; [ -z "$(mounts)" ] || fail "cgroup: mounted, though the container can do that itself: $(mounts)"
  automatic cgroup:rw:force; mounted $top "rw,$secure / tmpfs"; mounted $top/memory "rw,$secure /lxc.payload.$name cgroup"
  check "cgroup:rw:force: it cannot make a cgroup" k attach -n "$name" -- mkdir $top/memory/made
  automatic cgroup:ro:force; mounted $top/pids "ro,$secure"
  automatic cgroup:mixed "lxc.cap.drop = sys_admin"; mounted $top/memory "rw,$secure"
  [ $layout = legacy ] || { automatic cgroup2:ro; mounted $top "ro,$secure /lxc.payload.$name cgroup2"; }
  keep="lxc.namespace.keep = cgroup user"
  automatic cgroup "$keep"; mounted "$top/pids/lxc.payload.$name" "rw,.*/lxc.payload.$name cgroup"
  automatic cgroup:mixed "$keep"
  mounted $top/pids "ro,$secure"; mounted "$top/pids/lxc.payload.$name" "rw,"
  automatic cgroup:ro "$keep"; mounted "$top/pids/lxc.payload.$name" "ro,"
  automatic cgroup-full:mixed "$keep"; mounted $top/pids "rw,$secure / cgroup"
  automatic cgroup-full:ro "$keep"; mounted $top/pids "ro,$secure / cgroup"
fi

# ---- what is refused, with words and without a trace
refused() { # WORDS LINE...
  name=bad$((number++))
  twin "$name" places "$common" "${@:2}"
  k start -n "$name" 2>"$work/err" && fail "started with: ${*:2}"
  lxc || grep -q -- "$1" "$work/err" || fail "'$1' is not said: $(cat "$work/err")"
  lxc || [ -z "$(left)" ] || fail "a start that failed left behind: $(left)"
}
refused lxc.cgroup.dir.container "lxc.cgroup.dir.monitor = $own/m"
refused lxc.cgroup.dir.monitor "lxc.cgroup.dir.container = $own/m"
refused lxc.cgroup.dir.container.inner "lxc.cgroup.dir.container.inner = i"
refused "cannot be combined" "lxc.cgroup.dir = $own" "lxc.cgroup.dir.monitor = $own/m" "lxc.cgroup.dir.container = $own/c"
refused "$prefix.pids.max" "lxc.cgroup.dir = $own/d" "$prefix.pids.max = many"
refused "$prefix.pids.nosuch" "lxc.cgroup.dir = $own/d" "$prefix.pids.nosuch = 1"
lxc && exit 0 # it goes on with another name
case $layout in legacy) mkdir -p "$top/pids/$own/taken" ;; *) mkdir -p "$v2/$own/taken" ;; esac
refused taken "lxc.cgroup.dir.monitor = $own/m" "lxc.cgroup.dir.container = $own/taken"
exit 0
