#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>

#include <atomic>
#include <thread>

namespace keelson::sdk {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct ReadGiven : testing::Test {
    void SetUp() override {
        int ends[2];
        ASSERT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }
    /// The code of the error that reading ends with.
    int error_of_reading(std::chrono::milliseconds patience) {
        try {
            read_given(reader.get(), "the pipe", patience);
        } catch (const Error& error) {
            EXPECT_EQ(error.object(), "the pipe");
            return error.code();
        }
        return 0;
    }
    UniqueFd reader, writer;
};

TEST_F(ReadGiven, WaitsForWhatComesLate) {
    std::thread late([&] {
        for (const char* part : {"a", "b"}) {
            std::this_thread::sleep_for(20ms);
            EXPECT_EQ(::write(writer.get(), part, 1), 1);
        }
        writer.reset();
    });
    EXPECT_EQ(read_given(reader.get(), "the pipe", 10s), "ab");
    late.join();
}

TEST_F(ReadGiven, IsNotHeldUpByWhoWritesNothing) { EXPECT_EQ(error_of_reading(20ms), ETIMEDOUT); }

TEST_F(ReadGiven, IsNotHeldUpByWhoWritesLittleAtATime) {
    std::atomic<bool> enough = false;
    const auto begin = Clock::now();
    std::thread slow([&] {
        for (; !enough && Clock::now() < begin + 10s; std::this_thread::sleep_for(20ms))
            if (::write(writer.get(), "x", 1) != 1) break;
        writer.reset();
    });
    EXPECT_EQ(error_of_reading(200ms), ETIMEDOUT);
    EXPECT_LT(Clock::now() - begin, 5s);
    enough = true;
    slow.join();
}

}  // namespace
}  // namespace keelson::sdk
