#include <kernel/plugins/crash_guard.hpp>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <csignal>
#include <cstddef>

namespace keelson::plugins {
namespace {

constexpr std::array watched{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT};

/// Where the thread goes when a signal ends its call; null outside of one.
thread_local sigjmp_buf* way_out = nullptr;

/// What was to be done with a signal before.
struct sigaction before[watched.size()];

/// Outside of a call everything is as if there were no handler: an instruction that faulted faults again, and a signal that
/// was sent is sent again.
void leave(int signal, siginfo_t* info, void*) {
    if (way_out) siglongjmp(*way_out, signal);
    const auto at = std::find(watched.begin(), watched.end(), signal) - watched.begin();
    ::sigaction(signal, &before[at], nullptr);
    if (info->si_code <= 0 || signal == SIGSYS) std::raise(signal);
}

/// A stack of its own for the handler, so that a call which used up its stack can be left as well.
void give_handler_stack() {
    alignas(16) static std::byte space[32768];
    stack_t wanted{};
    wanted.ss_sp = space;
    wanted.ss_size = sizeof space;
    ::sigaltstack(&wanted, nullptr);
}

/// They stay: taking them away after each plugin of a start and putting them back took sixty system calls. A signal that is
/// ignored stays so, because programs that are executed inherit that.
void install_handlers() {
    give_handler_stack();
    struct sigaction action {};
    action.sa_sigaction = leave;
    action.sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER;  // no mask to restore on the way out
    for (size_t i = 0; i < watched.size(); ++i) {
        ::sigaction(watched[i], &action, &before[i]);
        if (before[i].sa_handler == SIG_IGN) ::sigaction(watched[i], &before[i], nullptr);
    }
}

void call(void (*body)(void*), void* argument) noexcept { body(argument); }

}  // namespace

int signal_while(void (*body)(void*), void* argument) noexcept {
    static const bool installed = (install_handlers(), true);
    static_cast<void>(installed);
    sigjmp_buf here;
    const int signal = sigsetjmp(here, 0);
    if (signal == 0) {
        way_out = &here;
        call(body, argument);
    }
    way_out = nullptr;
    return signal;
}

}  // namespace keelson::plugins
