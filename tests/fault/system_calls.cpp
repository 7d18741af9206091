#include "system_calls.hpp"

#include <keelson/sdk/error.hpp>

#include <seccomp.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <string_view>

namespace keelson::fault {
namespace {

constexpr long cannot_fail[] = {
    SYS_exit,          SYS_exit_group,   SYS_rt_sigreturn,    SYS_rt_sigaction,    SYS_rt_sigprocmask,
    SYS_sigaltstack,   SYS_getpid,       SYS_gettid,          SYS_getppid,         SYS_getuid,
    SYS_geteuid,       SYS_getgid,       SYS_getegid,         SYS_getpgrp,         SYS_umask,
    SYS_futex,         SYS_rseq,         SYS_set_robust_list, SYS_set_tid_address, SYS_arch_prctl,
    SYS_clock_gettime, SYS_gettimeofday, SYS_sched_yield,     SYS_getrandom,       SYS_restart_syscall,
    SYS_uname,         SYS_capget,
};

/// Where the path stands among the arguments.
const std::map<std::string_view, int> path_places{
    {"access", 0},    {"chdir", 0},      {"chmod", 0},      {"chown", 0},      {"execve", 0},    {"execveat", 1},
    {"faccessat", 1}, {"faccessat2", 1}, {"fchmodat", 1},   {"fchownat", 1},   {"lchown", 0},    {"lgetxattr", 0},
    {"link", 0},      {"linkat", 1},     {"lsetxattr", 0},  {"lstat", 0},      {"mkdir", 0},     {"mkdirat", 1},
    {"mknodat", 1},   {"mount", 1},      {"newfstatat", 1}, {"open", 0},       {"openat", 1},    {"openat2", 1},
    {"open_tree", 1}, {"readlink", 0},   {"readlinkat", 1}, {"rename", 0},     {"rmdir", 0},     {"stat", 0},
    {"statx", 1},     {"symlink", 1},    {"symlinkat", 2},  {"umount2", 0},    {"unlink", 0},    {"unlinkat", 1},
    {"write", 1},     {"fsopen", 0},     {"fsconfig", 2},   {"move_mount", 3}, {"renameat2", 1}, {"renameat", 1},
};

std::string text_at(pid_t pid, uint64_t address) {
    std::array<char, 64> buffer{};
    iovec ours{buffer.data(), buffer.size() - 1};
    iovec theirs{reinterpret_cast<void*>(address), buffer.size() - 1};
    // What lies at the end of a page can only be read up to there.
    if (::process_vm_readv(pid, &ours, 1, &theirs, 1, 0) < 0) {
        ours.iov_len = theirs.iov_len = std::min<size_t>(buffer.size() - 1, 4096 - address % 4096);
        if (::process_vm_readv(pid, &ours, 1, &theirs, 1, 0) < 0) return {};
    }
    std::string text(buffer.data());
    const auto unprintable = [](unsigned char c) { return c < ' ' || c > '~'; };
    text.erase(std::ranges::find_if(text, unprintable), text.end());
    return text;
}

}  // namespace

std::string name_of_call(long number) {
    char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number));
    std::string text = name != nullptr ? name : cat("call ", number);
    std::free(name);
    return text;
}

bool is_about_memory(long number) {
    constexpr long calls[] = {SYS_brk, SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise};
    return std::ranges::find(calls, number) != std::end(calls);
}

bool takes_memory(long number, const uint64_t* arguments) {
    const bool asks_where_it_ends = number == SYS_brk && arguments[0] == 0;
    return (number == SYS_brk && !asks_where_it_ends) || number == SYS_mmap || number == SYS_mremap;
}

bool can_fail(long number) { return std::ranges::find(cannot_fail, number) == std::end(cannot_fail); }

bool works_though_it_fails(long number) { return number == SYS_close; }

bool can_fail_with(long number, int cause) {
    constexpr long only_interrupted[] = {SYS_epoll_wait, SYS_epoll_pwait,     SYS_waitid,         SYS_wait4,
                                         SYS_nanosleep,  SYS_clock_nanosleep, SYS_rt_sigtimedwait};
    return cause == EINTR || std::ranges::find(only_interrupted, number) == std::end(only_interrupted);
}

bool waits_for_events(long number) { return number == SYS_epoll_wait || number == SYS_epoll_pwait; }

std::string describe(pid_t pid, long number, const uint64_t* arguments) {
    const std::string name = name_of_call(number);
    const auto place = path_places.find(name);
    if (place == path_places.end())
        return cat(name, " ", static_cast<long>(arguments[0]), " ", static_cast<long>(arguments[1]));
    return cat(name, " ", text_at(pid, arguments[static_cast<size_t>(place->second)]));
}

}  // namespace keelson::fault
