#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>
#include <tests/support/sanitized.hpp>

#include <array>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::exception_ptr caught(const std::string& text) try { throw std::runtime_error(text); } catch (...) {
    return std::current_exception();
}

std::string text_of(const std::exception_ptr& error) try {
    std::rethrow_exception(error);
} catch (const std::exception& known) {
    return known.what();
}

/// With no memory left at all: how many exceptions can be there at the same time, each thrown in the handler of another?
unsigned throw_nested(unsigned count) {
    if (count == 0) return 0;
    try {
        throw std::array<char, 512>{};
    } catch (const std::array<char, 512>& object) {
        return throw_nested(count - 1) + (object[511] == 0 ? 1 : 0);
    }
}

[[noreturn]] void exhaust_memory_and_throw() {
    const rlimit none{16 << 20, 16 << 20};
    ::setrlimit(RLIMIT_AS, &none);
    for (size_t size = 1 << 20; size >= 16; size /= 2)
        while (std::malloc(size) != nullptr) continue;
    for (int round = 0; round < 100; ++round)
        if (throw_nested(20) != 20) ::_exit(1);
    ::_exit(0);
}

}  // namespace

TEST(ExceptionMemory, ExceptionsOutliveTheirHandlers) {
    std::vector<std::exception_ptr> errors;
    for (int i = 0; i < 100; ++i) errors.push_back(caught("error " + std::to_string(i)));
    EXPECT_EQ(text_of(errors[7]), "error 7");
    EXPECT_EQ(text_of(errors[99]), "error 99");
    EXPECT_EQ(text_of(errors[7]), "error 7");
}

TEST(ExceptionMemory, ThereIsAReserveForWhenMemoryIsShort) {
    if (keelson::test::sanitized) GTEST_SKIP() << "a sanitizer takes memory of its own";
    EXPECT_EXIT(exhaust_memory_and_throw(), ::testing::ExitedWithCode(0), "");
}
