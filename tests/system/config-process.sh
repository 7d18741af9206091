#!/bin/bash
# Keys of the container's first process, its limits, settings and environment: what each does to a running container.
# own-host
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

[ $wrong = 0 ] || fail "$wrong of $asked answers differ"
echo "$asked answers"
