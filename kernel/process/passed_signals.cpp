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

void pass_on_signals(int signals_borrowed, int init_borrowed, const std::function<void()>& window_changed) noexcept {
    signalfd_siginfo info{};
    while (::read(signals_borrowed, &info, sizeof info) == sizeof info) {
        const int signal = static_cast<int>(info.ssi_signo);
        if (signal == SIGCHLD) continue;
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
