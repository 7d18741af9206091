#!/bin/bash
# Proves tests/vm/run and tests/support/run-system: options, exit codes, guests that hang, several at once.
# A minute or two. Arguments: the sections to run (all): basics options systemd trouble runner.
set -u
here=$(dirname "$(readlink -f "$0")")
run=$here/run
work=$(mktemp -d "${TMPDIR:-/tmp}/klt-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

is() { # NAME GOT EXPECTED (a pattern)
  # shellcheck disable=SC2053
  if [[ $2 == $3 ]]; then
    passed=$((passed + 1)); echo "PASS $1"
  else
    failed=$((failed + 1)); printf 'FAIL %s\n  expected: %s\n  got:      %s\n' "$1" "$3" "$2"
  fi
}
# the line of $out that begins with $1:
said() { sed -n "s/^$1: *//p" <<<"$out" | head -1; }
guest() { out=$(timeout 300 "$run" "$@" 2>&1 </dev/null); code=$?; }

basics() {
  local started=$SECONDS
  export KEELSON_SELFTEST='a  b'
  cd "$here" || exit 1
  guest --share "$work" -- bash -c '
    echo "kernel: $(uname -r)"; echo "user: $(id -un)"; echo "here: $PWD"; echo "argument: $1"
    echo "setting: $KEELSON_SELFTEST"; echo changed >run && echo "written: $(cat run)"; echo shared >"$KEELSON_VM_SHARE/file"
    exit 7' - 'one  $two *'
  is "a shell command ends in well under 20 s" $((SECONDS - started < 20)) 1
  is "its exit code is the guest's" $code 7
  is "the kernel is Debian's" "$(said kernel)" '*-amd64'
  is "the user is root" "$(said user)" root
  is "the checkout is at the same path" "$(said here)" "$here"
  is "arguments come through whole" "$(said argument)" 'one  $two [*]'
  is "KEELSON_ settings come through" "$(said setting)" 'a  b'
  is "the root can be written to" "$(said written)" changed
  is "and is not changed outside" "$(head -1 "$here/run")" '#!/bin/bash'
  is "--share brings files out" "$(cat "$work/file")" shared

  local first last
  "$run" -- bash -c 'echo first; sleep 3; echo last' </dev/null | while read -r line; do
    echo "$line $(date +%s%N)"
  done >"$work/lines"
  first=$(sed -n 's/first //p' "$work/lines") last=$(sed -n 's/last //p' "$work/lines")
  is "output comes while the command runs" $(((last - first) / 1000000000)) '[2345]'

  "$run" -- sh -c 'exit 4' </dev/null & local a=$!
  "$run" -- sh -c 'exit 5' </dev/null & local b=$!
  wait $a; is "two at once: the first" $? 4
  wait $b; is "two at once: the second" $? 5
}

options() {
  local hierarchy
  for hierarchy in unified hybrid legacy; do
    guest --cgroup $hierarchy -- sh -c 'stat -f -c %T /sys/fs/cgroup; ls -d /sys/fs/cgroup/memory /sys/fs/cgroup/unified'
    case $hierarchy in
    unified) is "--cgroup unified" "$out" 'cgroup2fs*No such*No such*' ;;
    hybrid) is "--cgroup hybrid" "$out" 'tmpfs*/sys/fs/cgroup/memory*/sys/fs/cgroup/unified' ;;
    legacy) is "--cgroup legacy" "$out" 'tmpfs*No such*/sys/fs/cgroup/memory' ;;
    esac
  done
  guest --lsm apparmor --memory 1024 --cpus 1 --disk 300M -- bash -c '
    echo "lsm: $(cat /sys/kernel/security/lsm)"; cat /sys/kernel/security/apparmor/profiles
    echo "memory: $(awk "/MemTotal/ { print int(\$2 / 1024) }" /proc/meminfo)"; echo "cpus: $(nproc)"
    echo "disk: $(blockdev --getsize64 $KEELSON_VM_DISK)"; mkfs.ext4 -q $KEELSON_VM_DISK && echo "mkfs: done"
    for module in dm_mod nbd 8021q ipvlan dummy; do modprobe $module || echo "lacks: $module"; done'
  is "--lsm apparmor" "$(said lsm)" '*apparmor*'
  is "its profiles are loaded" "$out" '*lxc-keelson-test (enforce)*'
  is "--memory" "$(said memory)" '9[0-9][0-9]'
  is "--cpus" "$(said cpus)" 1
  is "--disk" "$(said disk) $(said mkfs)" '314572800 done'
  is "the kernel has dm, nbd, vlan, ipvlan, dummy" "$(said lacks)" ''
  guest --lsm selinux -- bash -c 'echo "enforcing: $(cat /sys/fs/selinux/enforce)"; echo "context: $(id -Z)"'
  is "--lsm selinux" "$(said enforcing) $(said context)" '1 unconfined_u:unconfined_r:unconfined_t:s0'
  guest --lsm none -- cat /sys/kernel/security/lsm
  is "--lsm none" "$out" '!(*apparmor*|*selinux*)'
  guest --user tester -- bash -c 'echo "user: $(id -un)"; echo "cgroup: $(cat /proc/self/cgroup)"
    mkdir /sys/fs/cgroup/user-tester/mine && cat /sys/fs/cgroup/user-tester/mine/memory.max; exit 6'
  is "--user" "$code $(said user) $(said cgroup)" '6 tester 0::/user-tester/run-*'
  is "--user: the cgroup is delegated" "$out" '*max'
  out=$(echo 'echo kept $((20 + 3)); exit 0' | "$run" --keep -- sh -c 'exit 9'); code=$?
  is "--keep: a shell, and the command's exit code" "$code $out" '9 *kept 23*'
  guest --lsm tomoyo -- true; is "a wrong value is told" "$code $out" '2 *--lsm tomoyo: not one of*'
  guest --frobnicate -- true; is "a wrong option is told" "$code $out" '2 *no such option*'
  guest --timeout; is "a missing value is told" "$code $out" '2 *its value is missing*'
  guest; is "a missing command is told" "$code $out" '2 *no command*'
}

systemd() {
  guest --systemd -- bash -c 'echo "state: $(systemctl is-system-running --wait)"; echo "init: $(cat /proc/1/comm)"
    echo "bus: $(busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager IdleHint)"
    ls "'"$here"'/selftest.sh"; exit 3'
  is "--systemd: init is systemd, and well" "$code $(said init) $(said state)" '3 systemd running'
  is "--systemd: D-Bus and logind answer" "$(said bus)" 'b *'
  is "--systemd: the checkout is there" "$out" "*$here/selftest.sh*"
  guest --systemd --user tester -- bash -c 'echo "user: $(id -un)"; echo "session: $XDG_SESSION_ID"
    echo "scope: $(systemd-run --user --scope -q -p Delegate=yes cat /proc/self/cgroup)"'
  is "--systemd --user: a session" "$code $(said user) $(said session)" '0 tester ?*'
  is "--systemd --user: delegation over D-Bus" "$(said scope)" '0::/user.slice/user-*.slice/user@*.service/*.scope'
  guest --systemd --cgroup hybrid -- sh -c 'ls -d /sys/fs/cgroup/memory /sys/fs/cgroup/unified'
  is "--systemd --cgroup hybrid" "$out" '/sys/fs/cgroup/memory*/sys/fs/cgroup/unified'
}

trouble() {
  local pid child
  guest --timeout 15 -- sleep 100
  is "a hung command: the guest is ended and says so" "$code $out" '124 *hung and was ended after 15 s, while it ran: sleep 100*'
  guest --timeout 1 -- true
  is "a hung boot says so" "$code $out" '124 *while it booted*'
  guest -- sh -c 'echo c >/proc/sysrq-trigger'
  is "a crashed guest says so" "$code $out" '125 *without an exit code*Kernel panic*'

  TMPDIR=$work "$run" -- sleep 100 </dev/null >/dev/null 2>&1 & pid=$!
  sleep 3; child=$(pgrep -f "qemu-system.*$work" | head -1)
  kill $pid; wait $pid 2>/dev/null
  is "a run that is ended leaves no guest" "${child:-none $(pgrep -f "qemu-system.*$work")}" '+([0-9])'
  is "and no files" "$(ls "$work")" '!(*keelson-vm*)'
  TMPDIR=$work "$run" --timeout 0 -- sleep 100 </dev/null >/dev/null 2>&1 & pid=$!
  sleep 3; kill -KILL $pid; wait $pid 2>/dev/null; sleep 1
  is "nor does one that is killed" "$(pgrep -f "qemu-system.*$work|virtiofsd.*$work")" ''
  rm -rf "$work"/keelson-vm*
  # shellcheck disable=SC2016
  out=$(unshare -m sh -c 'mount -t tmpfs none /usr/lib/qemu; KEELSON_VM_INSTALL=no "$0" -- true' "$run" 2>&1); code=$?
  is "a missing package is named" "$code $out" '126 *missing packages: qemu-system-common*'
}

runner() {
  local tests=$work/tests runner=$here/../support/run-system
  mkdir "$tests"
  printf '# also: nothing\necho fine\n' >"$tests/pass.sh"
  printf '# also: nothing\necho "failed: on purpose"; exit 1\n' >"$tests/fail.sh"
  printf '# also: nothing\necho no moon; exit 77\n' >"$tests/skip.sh"
  printf '# serial\n# also: vlan\nuname -r\n' >"$tests/twice.sh"
  printf '# needs: user\n# timeout: 1\nsleep 100\n' >"$tests/guest-hang.sh"
  printf '# needs: user\necho c >/proc/sysrq-trigger; sleep 9\n' >"$tests/guest-crash.sh"
  printf '# needs: user\ngrep -q "^tester:" /etc/passwd && exit 1; exit 0\n' >"$tests/guest-last.sh"
  printf '# also: nothing\n# timeout: 1\nsleep 100\n' >"$tests/hang.sh"
  printf '# needs: apparmor selinux\n' >"$tests/both.sh"
  printf '# needs: warp\n' >"$tests/unknown.sh"
  printf 'skip\ngone\n' >"$work/list"
  system() { out=$("$runner" --tests "$tests" --build "$work/build" --must-not-skip "$work/list" "$@" 2>&1); code=$?; }

  unset CI
  system
  is "a pass" "$out" '*PASS pass *(host)*'
  is "a failure and its reason" "$out" '*FAIL fail *: failed: on purpose*'
  is "a skip and its reason" "$out" '*SKIP skip *: no moon*'
  is "the same test here and in a guest" "$out" '*PASS twice *PASS twice@vlan*'
  is "a hang here" "$out" '*FAIL hang *did not end within 1 s*'
  is "a hang in a guest" "$out" '*FAIL guest-hang *did not end within 5 s*'
  is "a guest that dies in a test" "$out" '*FAIL guest-crash *the guest ended in this test*'
  is "the test after it" "$out" '*PASS guest-last *'
  is "needs that exclude each other" "$out" '*FAIL both *no kernel offers both*'
  is "a need that does not exist" "$out" '*FAIL unknown *no such need*'
  is "the sum" "$code ${out##*$'\n'}" '1 4 passed, 6 failed, 1 skipped'
  system --where host --filter 'last|pass'
  is "--where host skips what is not here" "$code $out" '0 *SKIP guest-last *lacks user*1 passed, 0 failed, 1 skipped'
  system --where guest --list --filter 'twice'
  is "--where guest runs nothing twice" "$out" 'twice unified'
  system --where guest --filter '^pass'
  is "--where guest" "$code $out" '0 *PASS pass *(unified)*'
  CI=true system --filter 'skip'
  is "CI: what must not be skipped" "$code $out" '1 must-not-skip names gone*FAIL skip *must not be skipped*'
}

shopt -s extglob
sections=("$@"); [ $# -gt 0 ] || sections=(basics options systemd trouble runner)
for section in "${sections[@]}"; do $section; done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
