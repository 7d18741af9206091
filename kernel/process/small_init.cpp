#include <kernel/process/clone.hpp>
#include <kernel/process/small_init.hpp>

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace keelson::process {
namespace {

sigset_t all_signals() {
    sigset_t set;
    ::sigfillset(&set);
    for (const int signal : {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGSTOP, SIGKILL}) ::sigdelset(&set, signal);
    return set;
}

pid_t run_child(const std::function<void()>& command, const sigset_t& mask) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);  // as LXC's: whoever started us may ignore some
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    ::setsid();
    ::ioctl(0, TIOCSCTTY, 0);
    command();
    ::_exit(255);
}

/// Reaps what ended. True when no child is left; the command's status lands in `status`.
bool reap_all(pid_t command, int& status) {
    for (;;) {
        int one = 0;
        const pid_t pid = ::waitpid(-1, &one, WNOHANG);
        if (pid == 0) return false;
        if (pid < 0) return true;
        if (pid == command) status = shell_status(one);
    }
}

}  // namespace

void run_as_small_init(const std::function<void()>& command) {
    const sigset_t all = all_signals();
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &all, &before);
    ::prctl(PR_SET_NAME, "init");
    const pid_t child = run_child(command, before);
    if (child < 0) ::_exit(255);
    // The terminal belongs to the command alone, and so does every other descriptor.
    ::close_range(3, ~0U, 0);
    // Nothing is left to withhold: the container may look at its init as at any other process.
    ::prctl(PR_SET_DUMPABLE, 1);
    int status = 255;
    bool ending = false, child_lives = true;
    for (;;) {
        const timespec quiet_second{1, 0};
        siginfo_t info{};
        const int signal = ending ? ::sigtimedwait(&all, &info, &quiet_second) : ::sigwaitinfo(&all, &info);
        if (signal < 0 && errno == EAGAIN) ::kill(-1, SIGKILL);
        if (signal == SIGCHLD || signal < 0) {
            if (reap_all(child, status)) ::_exit(status);
            if (child_lives && ::kill(child, 0) != 0) {
                child_lives = false;
                ending = true;
                ::kill(-1, SIGTERM);
            }
        } else if (signal == SIGTERM || signal == SIGPWR) {
            ending = true;
            ::kill(-1, SIGTERM);
        } else if (info.si_code > 0 || info.si_pid == 0) {
            ::kill(-child, signal);
        }
    }
}

}  // namespace keelson::process
