#!/bin/bash
# memcheck over what a monitor is made of: its event loop, command server, consoles, journal, state and configuration, as their
# unit tests use them. The monitor's whole life is the sanitizers' (script/test --asan): valgrind 3.19 answers ENOSYS to
# open_tree(2), pidfd_open(2) and their kin, without which no container starts.
. "$(dirname "$(readlink -f "$0")")/../support/system.sh"
command -v valgrind >/dev/null || skip "valgrind is not installed"
! grep -qs '^KEELSON_SANITIZE:BOOL=ON' "$KEELSON_BUILD/CMakeCache.txt" || skip "a build with sanitizers cannot run in valgrind"

# Without those whose children are other users, and those that count descriptors, of which valgrind has its own.
parts='EventLoop*:CommandSocket*:LongCommandSocket*:CommandAddress*:ConsoleTest*:RingBuffer*:LogFile*:JournalTest*:Lifecycle*'
parts+=':StateText*:Config*:Grammar*:Include*:Trace*:Text*'
not='*AnotherUser*:*AThousand*:*RunOut*:*Stranger*'
timeout 500 valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
  --child-silent-after-fork=yes "$KEELSON_BUILD/bin/keelson-unit" --gtest_brief=1 --gtest_filter="$parts:-$not" >"$work/out" 2>&1
code=$?
# That a test fails is the unit tests' affair: valgrind makes everything late.
[ $code = 0 ] || [ $code = 1 ] || { grep -v '^\[' "$work/out" | head -n 60; fail "memcheck ended with $code"; }
grep -q '^\[  PASSED' "$work/out" || fail "no test ran: $(tail -n 5 "$work/out")"
tail -n 2 "$work/out" | head -n 1
