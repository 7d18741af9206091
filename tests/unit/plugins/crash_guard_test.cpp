#include <kernel/plugins/crash_guard.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace keelson::plugins {
namespace {

TEST(CrashGuard, GivesZeroForACallThatReturns) {
    int called = 0;
    EXPECT_EQ(signal_while([](void* count) { ++*static_cast<int*>(count); }, &called), 0);
    EXPECT_EQ(called, 1);
}

TEST(CrashGuard, GivesTheSignalAndWorksAgain) {
    EXPECT_EQ(signal_while([](void*) { std::raise(SIGSEGV); }, nullptr), SIGSEGV);
    EXPECT_EQ(signal_while([](void*) { std::abort(); }, nullptr), SIGABRT);
    EXPECT_EQ(signal_while([](void*) { std::raise(SIGILL); }, nullptr), SIGILL);
}

TEST(CrashGuard, PutsTheHandlersBack) {
    struct sigaction before {
    }, after{};
    ::sigaction(SIGSEGV, nullptr, &before);
    signal_while([](void*) { std::raise(SIGSEGV); }, nullptr);
    ::sigaction(SIGSEGV, nullptr, &after);
    EXPECT_EQ(before.sa_handler, after.sa_handler);
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    EXPECT_FALSE(sigismember(&blocked, SIGSEGV));
}

}  // namespace
}  // namespace keelson::plugins
