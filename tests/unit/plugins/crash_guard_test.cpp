#include <kernel/plugins/crash_guard.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

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

TEST(CrashGuard, LeavesNothingBlocked) {
    signal_while([](void*) { std::raise(SIGSEGV); }, nullptr);
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    EXPECT_FALSE(sigismember(&blocked, SIGSEGV));
}

void use_guard() {
    signal_while([](void*) { std::raise(SIGSEGV); }, nullptr);
}

void exit_with_7(int) { ::_exit(7); }

/// In programs of their own, in which no guard was used before.
class OutsideOfTheGuard : public testing::Test {
protected:
    void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(OutsideOfTheGuard, ASignalThatIsSentEndsTheProgram) {
    const auto raise_after = [](int signal) {
        use_guard();
        std::raise(signal);
        ::_exit(0);
    };
#ifndef __SANITIZE_ADDRESS__  // which has a handler of its own for it
    EXPECT_EXIT(raise_after(SIGSEGV), testing::KilledBySignal(SIGSEGV), "");
#endif
    EXPECT_EXIT(raise_after(SIGSYS), testing::KilledBySignal(SIGSYS), "");
    EXPECT_EXIT(raise_after(SIGABRT), testing::KilledBySignal(SIGABRT), "");
}

TEST_F(OutsideOfTheGuard, AFaultEndsTheProgram) {
    const auto fault_after = [] {
        use_guard();
        __builtin_trap();
    };
    EXPECT_EXIT(fault_after(), testing::KilledBySignal(SIGILL), "");
}

TEST_F(OutsideOfTheGuard, AnEarlierHandlerIsCalled) {
    const auto raise_after = [] {
        std::signal(SIGBUS, exit_with_7);
        use_guard();
        std::raise(SIGBUS);
        ::_exit(0);
    };
    EXPECT_EXIT(raise_after(), testing::ExitedWithCode(7), "");
}

TEST_F(OutsideOfTheGuard, WhatIsIgnoredStaysIgnored) {
    const auto raise_after = [] {
        std::signal(SIGFPE, SIG_IGN);
        use_guard();
        std::raise(SIGFPE);
        ::_exit(3);
    };
    EXPECT_EXIT(raise_after(), testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace keelson::plugins
