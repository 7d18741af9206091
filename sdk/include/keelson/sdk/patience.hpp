// Waiting for what the kernel does at leisure, such as taking a dead namespace's links away, and tells nobody of.
#pragma once

#include <time.h>

#include <chrono>

namespace keelson::sdk {

/// How long a start waits for what a container that has ended still holds: its namespaces die after a grace period.
inline constexpr std::chrono::seconds patience_with_the_ended(1);

/// [host, inside] Asks until the answer is yes, less and less often: after 0.1 ms first, then each time a quarter later. False
/// when it is still no after `most`. What the question throws ends the waiting.
template <typename Question>
bool comes_true(std::chrono::nanoseconds most, Question question) {
    std::chrono::nanoseconds pause = std::chrono::microseconds(100), waited{};
    while (!question()) {
        if (waited >= most) return false;
        const timespec time{pause.count() / 1'000'000'000, pause.count() % 1'000'000'000};
        ::nanosleep(&time, nullptr);
        waited += pause;
        pause += pause / 4;
    }
    return true;
}

}  // namespace keelson::sdk
