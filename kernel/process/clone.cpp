#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/clone.hpp>

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace keelson::process {
namespace {

long clone3(clone_args& arguments) { return ::syscall(SYS_clone3, &arguments, sizeof arguments); }

/// What kernels do not know yet that have clone3 (since 5.3): CLONE_CLEAR_SIGHAND since 5.5, CLONE_INTO_CGROUP since 5.7.
constexpr uint64_t newer_flags = CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP;

void clear_signal_handlers() {
    for (int signal = 1; signal < NSIG; ++signal)
        if (::signal(signal, SIG_DFL) == SIG_IGN) ::signal(signal, SIG_IGN);
}

/// For kernels before 5.3: clone(2) with CLONE_PIDFD, which stores the descriptor where the parent's tid would go.
long clone_before_clone3(uint64_t flags, int& pidfd) {
    return ::syscall(SYS_clone, flags | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
}

void move_into_cgroup(int cgroup, pid_t pid) {
    const UniqueFd procs = base::open_at(cgroup, "cgroup.procs", O_WRONLY);
    base::write_fd(procs.get(), cat(pid), "cgroup.procs");
}

/// Empty when there is no such process.
std::string start_time(pid_t pid) {
    const std::string stat = base::read_file_if_there(cat("/proc/", pid, "/stat")).value_or("");
    const std::vector<std::string_view> fields = base::words(std::string_view(stat).substr(stat.rfind(')') + 1));
    return fields.size() > 19 ? std::string(fields[19]) : std::string();
}

}  // namespace

Clone clone_process(const CloneRequest& request) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = request.flags | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
    // A sibling ends as its maker does (clone(2)).
    arguments.exit_signal = (request.flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
    if (request.into_cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<uint64_t>(request.into_cgroup);
    }
    if (request.default_signals) arguments.flags |= CLONE_CLEAR_SIGHAND;
    long pid = clone3(arguments);
    if (pid < 0 && (errno == E2BIG || errno == EINVAL) && (arguments.flags & newer_flags) != 0) {
        arguments.flags &= ~newer_flags;
        arguments.cgroup = 0;
        pid = clone3(arguments);
    }
    if (pid < 0 && errno == ENOSYS) {
        arguments.flags &= ~newer_flags;
        pid = clone_before_clone3(request.flags, pidfd);
    }
    if (pid < 0) throw Error::last("clone", "");
    if (pid == 0) {
        if (request.default_signals && (arguments.flags & CLONE_CLEAR_SIGHAND) == 0) clear_signal_handlers();
        return {};
    }
    Clone result{static_cast<pid_t>(pid), UniqueFd(pidfd)};
    try {
        if (request.into_cgroup >= 0 && (arguments.flags & CLONE_INTO_CGROUP) == 0)
            move_into_cgroup(request.into_cgroup, result.pid);
    } catch (...) {
        // Nobody would know of it.
        send_signal(result.pidfd.get(), SIGKILL);
        reap(result.pidfd.get());
        throw;
    }
    return result;
}

std::string process_record(pid_t pid) { return cat(pid, " ", start_time(pid)); }

UniqueFd open_recorded(std::string_view record) {
    const std::vector<std::string_view> words = base::words(record);
    if (words.size() != 2) return {};
    const auto pid = static_cast<pid_t>(base::parse_unsigned(words[0]).value_or(0));
    if (pid <= 0 || start_time(pid) != words[1]) return {};
    UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (start_time(pid) != words[1]) return {};
    if (!handle) throw Error::last("pidfd_open", cat("process ", pid));
    return handle;
}

pid_t pid_in_own_namespace(pid_t pid) {
    const std::string path = cat("/proc/", pid, "/status"), status = base::read_file(path);
    for (const std::string_view line : base::split(status, '\n')) {
        if (line.starts_with("NSpid:")) return static_cast<pid_t>(base::parse_unsigned(base::words(line).back()).value_or(0));
    }
    throw Error(ENOTSUP, path, "no NSpid, which needs Linux 4.1, in");
}

void die_with(pid_t parent) noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
}

UniqueFd open_pidfd(pid_t pid) {
    UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!fd) throw Error::last("pidfd_open", cat("process ", pid));
    return fd;
}

void send_signal(int pidfd, int signal) {
    if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0 && errno != ESRCH) {
        throw Error::last(cat("send signal ", signal), "");
    }
}

bool wait_until_gone(int pidfd, int timeout_ms) {
    pollfd poll{pidfd, POLLIN, 0};
    int ready = 0;
    while ((ready = ::poll(&poll, 1, timeout_ms)) < 0) {
        if (errno != EINTR) throw Error::last("poll", "pidfd");
    }
    return ready > 0;
}

Error does_not_die(const std::string& object) {
    return {ETIMEDOUT, object, "does not die of SIGKILL:",
            "a process may wait for a device or a network filesystem; see /proc/PID/stack of those in state D"};
}

int reap(int pidfd) {
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) != 0) {
        if (errno != EINTR) throw Error::last("waitid", "");
    }
    return info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f;
}

int shell_status(int wait_status) noexcept {
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace keelson::process
