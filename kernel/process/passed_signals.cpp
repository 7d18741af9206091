#include <kernel/base/log.hpp>
#include <kernel/base/second_try.hpp>
#include <kernel/process/clone.hpp>
#include <kernel/process/passed_signals.hpp>

#include <keelson/sdk/error.hpp>

#include <sys/signalfd.h>
#include <unistd.h>

namespace keelson::process {

sigset_t taken_signals() {
    sigset_t set;
    ::sigfillset(&set);
    for (const int signal : {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGABRT}) ::sigdelset(&set, signal);
    return set;
}

UniqueFd open_taken_signals() {
    const sigset_t set = taken_signals();
    return base::with_second_try([&set] {
        UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!signals) throw Error::last("make a signalfd", "");
        return signals;
    });
}

namespace {

/// What came of our own doing concerns nobody else: children that ended, a log whose reader left, a limit of ours.
bool is_our_own(const signalfd_siginfo& info) {
    if (info.ssi_signo == SIGCHLD || info.ssi_signo == SIGPIPE || info.ssi_signo == SIGXFSZ) return true;
    if (info.ssi_signo == SIGXCPU && info.ssi_code == SI_KERNEL) return true;
    return info.ssi_code <= 0 && info.ssi_pid == static_cast<uint32_t>(::getpid());
}

}  // namespace

void pass_on_signals(int signals_borrowed, int init_borrowed, const std::function<void()>& window_changed) noexcept {
    signalfd_siginfo info{};
    while (::read(signals_borrowed, &info, sizeof info) == sizeof info) {
        const int signal = static_cast<int>(info.ssi_signo);
        if (is_our_own(info)) continue;
        if (signal == SIGWINCH) {
            window_changed();
            continue;
        }
        try {
            send_signal(init_borrowed, signal == SIGHUP ? SIGTERM : signal);
        } catch (const std::exception& error) {
            base::log_error(cat("pass on a signal: ", error.what()));
        }
    }
}

}  // namespace keelson::process
