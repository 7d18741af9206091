#include <kernel/plugins/crash_guard.hpp>

#include <array>
#include <csetjmp>
#include <csignal>
#include <cstddef>

namespace keelson::plugins {
namespace {

constexpr std::array watched{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT};

/// Where the thread goes when a signal ends its call; null outside of one.
thread_local sigjmp_buf* way_out = nullptr;

void leave(int signal) {
    if (way_out) siglongjmp(*way_out, signal);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

/// A stack of its own for the handler, so that a call which used up its stack can be left as well.
class HandlerStack {
public:
    HandlerStack() noexcept {
        stack_t wanted{};
        wanted.ss_sp = space_;
        wanted.ss_size = sizeof space_;
        ::sigaltstack(&wanted, &before_);
    }
    ~HandlerStack() { ::sigaltstack(&before_, nullptr); }

private:
    alignas(16) std::byte space_[32768];
    stack_t before_{};
};

class Handlers {
public:
    Handlers() noexcept {
        struct sigaction action {};
        action.sa_handler = leave;
        action.sa_flags = SA_ONSTACK;
        for (size_t i = 0; i < watched.size(); ++i) ::sigaction(watched[i], &action, &before_[i]);
    }
    ~Handlers() {
        for (size_t i = 0; i < watched.size(); ++i) ::sigaction(watched[i], &before_[i], nullptr);
    }

private:
    HandlerStack stack_;
    struct sigaction before_[watched.size()]{};
};

void call(void (*body)(void*), void* argument) noexcept { body(argument); }

int call_or_leave(void (*body)(void*), void* argument) noexcept {
    sigjmp_buf here;
    const int signal = sigsetjmp(here, 1);
    if (signal == 0) {
        way_out = &here;
        call(body, argument);
    }
    way_out = nullptr;
    return signal;
}

}  // namespace

int signal_while(void (*body)(void*), void* argument) noexcept {
    const Handlers handlers;
    return call_or_leave(body, argument);
}

}  // namespace keelson::plugins
