#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <kernel/base/file.hpp>
#include <kernel/config/config.hpp>
#include <kernel/console/console.hpp>
#include <kernel/monitor/event_loop.hpp>

#include <gtest/gtest.h>

#include <filesystem>

namespace {

using namespace keelson;
using console::Console;

struct NoPlugins final : config::KeySource {
    const std::vector<keelson::abi::Key>* keys_of(std::string_view, std::string_view) override { return nullptr; }
    std::vector<std::string> names(std::string_view) override { return {}; }
};

/// A console of the host's ptys on a loop that the test turns by hand.
struct ConsoleTest : testing::Test {
    void SetUp() override { std::filesystem::create_directory(directory); }
    void TearDown() override {
        if (console) console->close();
        std::filesystem::remove_all(directory);
    }
    void begin(const std::string& text) {
        settings.load_text(text, "test");
        console = std::make_unique<Console>(settings);
        console->prepare(false);
        console->attach(loop);
        ASSERT_NE(console->host_console(), nullptr);
        inside.reset(::fcntl(console->host_console()->peer.get(), F_DUPFD_CLOEXEC, 3));
        termios attributes{};
        ASSERT_EQ(::tcgetattr(inside.get(), &attributes), 0);
        ::cfmakeraw(&attributes);
        ASSERT_EQ(::tcsetattr(inside.get(), TCSANOW, &attributes), 0);
        ASSERT_EQ(::fcntl(inside.get(), F_SETFL, O_RDWR | O_NONBLOCK), 0);
    }
    /// Lets the loop work until nothing is left to do for a moment.
    void settle() {
        int ends[2];
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        for (int round = 0; round < 20; ++round) {
            ASSERT_EQ(::write(ends[1], "x", 1), 1);
            loop.add(ends[0], POLLIN, [&](uint32_t) {
                char byte = 0;
                ASSERT_EQ(::read(ends[0], &byte, 1), 1);
                loop.stop();
            });
            loop.run();
            loop.remove(ends[0]);
            ::usleep(200);
        }
        ::close(ends[0]);
        ::close(ends[1]);
    }
    /// What a pty has no room for waits until the console has read: it is the same thread that does.
    void print(std::string_view text) {
        for (int tries = 0; !text.empty() && tries < 1000; ++tries) {
            const ssize_t taken = ::write(inside.get(), text.data(), text.size());
            if (taken > 0) text.remove_prefix(static_cast<size_t>(taken));
            if (taken < 0) settle();
        }
        ASSERT_TRUE(text.empty()) << "the console stopped reading";
    }
    /// Lets the loop work until it is so: the kernel hands on what a pty is given at a time of its own.
    template <typename Condition>
    bool soon(const Condition& condition) {
        for (int tries = 0; tries < 500 && !condition(); ++tries) settle();
        return condition();
    }
    bool soon_in(const std::string& file, std::string_view text) {
        return soon([&] { return base::read_file(file) == text; });
    }
    bool soon_at(int fd, std::string_view text) {
        std::string seen;
        return soon([&] {
            char bytes[4096];
            pollfd entry{fd, POLLIN, 0};
            if (::poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN))
                seen.append(bytes, static_cast<size_t>(std::max<ssize_t>(::read(fd, bytes, sizeof bytes), 0)));
            return seen == text;
        });
    }
    int error_of(bool read, bool clear) const {
        try {
            console->read_buffer(read, clear, 0);
        } catch (const Error& error) {
            return error.code();
        }
        return 0;
    }

    const std::string directory = testing::TempDir() + "klt-console-test-" + std::to_string(::getpid());
    NoPlugins plugins;
    config::Config settings{plugins};
    monitor::EventLoop loop;
    std::unique_ptr<Console> console;
    UniqueFd inside;
};

TEST_F(ConsoleTest, WhatIsPrintedGoesToBufferAndLog) {
    const std::string log = directory + "/console.log";
    begin("lxc.console.buffer.size = 4096\nlxc.console.logfile = " + log + "\n");
    print("hello\n");
    EXPECT_TRUE(soon_in(log, "hello\n"));
    EXPECT_EQ(console->read_buffer(true, false, 2), "he");
    console->write_buffer_to_log();
    EXPECT_EQ(base::read_file(log), "hello\nllo\n");
    EXPECT_EQ(console->read_buffer(true, true, 1), "l");
    EXPECT_EQ(error_of(true, false), ENODATA);
}

TEST_F(ConsoleTest, ClearingAloneGivesNothing) {
    begin("lxc.console.buffer.size = 4096\n");
    print("hello\n");
    EXPECT_TRUE(soon([&] { return error_of(false, false) == 0; }));
    EXPECT_EQ(console->read_buffer(false, true, 0), "");
    EXPECT_EQ(error_of(true, false), ENODATA);
}

TEST_F(ConsoleTest, WithoutABufferThereIsNothingToRead) {
    begin("lxc.tty.max = 0\n");
    EXPECT_EQ(error_of(true, false), EFAULT);
    EXPECT_THROW(console->write_buffer_to_log(), Error);
}

TEST_F(ConsoleTest, TheConfiguredFileSeesTheOutput) {
    const std::string file = directory + "/peer";
    begin("lxc.console.path = " + file + "\n");
    print("to the file\n");
    EXPECT_TRUE(soon_in(file, "to the file\n"));
}

TEST_F(ConsoleTest, TheLastOutputIsWrittenOutAtTheEnd) {
    const std::string file = directory + "/peer";
    begin("lxc.console.path = " + file + "\n");
    print("last words");
    console->close();
    EXPECT_EQ(base::read_file(file), "last words");
}

TEST_F(ConsoleTest, OneClientAtATimeHasTheConsole) {
    begin("lxc.tty.max = 0\n");
    auto given = console->give(0, 7);
    ASSERT_TRUE(given);
    EXPECT_EQ(given->number, 0);
    EXPECT_FALSE(console->give(0, 8));
    print("login: ");
    EXPECT_TRUE(soon_at(given->master.get(), "login: "));
    ASSERT_EQ(::write(given->master.get(), "root\r", 5), 5);
    EXPECT_TRUE(soon_at(inside.get(), "root\r"));
    console->release(7);
    given = console->give(0, 8);
    ASSERT_TRUE(given);
    print("again");
    EXPECT_TRUE(soon_at(given->master.get(), "again"));
}

TEST_F(ConsoleTest, AClientThatReadsNothingStopsNobody) {
    begin("lxc.console.buffer.size = 4096\n");
    const auto given = console->give(0, 7);
    for (int i = 0; i < 100; ++i) {
        print(std::string(2000, 'x'));
        settle();
    }
    print("end");
    std::string seen;
    EXPECT_TRUE(soon([&] {
        if (error_of(false, false) == 0) seen += console->read_buffer(true, false, 0);
        return seen.ends_with("xend");
    }));
}

TEST_F(ConsoleTest, AClientThatVanishedIsForgotten) {
    begin("lxc.tty.max = 0\n");
    console->give(0, 7)->master.reset();
    settle();
    console->release(7);
    EXPECT_TRUE(console->give(0, 8));
}

TEST_F(ConsoleTest, TtysAreGivenByNumberAndOnlyOnce) {
    begin("lxc.tty.max = 2\n");
    EXPECT_EQ(console->host_ttys().size(), 2U);
    EXPECT_EQ(console->give(2, 1)->number, 2);
    EXPECT_FALSE(console->give(2, 3));
    EXPECT_FALSE(console->give(3, 3));
    EXPECT_EQ(console->give(-1, 4)->number, 1);
    EXPECT_FALSE(console->give(-1, 5));
    console->release(1);
    EXPECT_EQ(console->give(-1, 6)->number, 2);
}

TEST_F(ConsoleTest, GoesOnInTheNextProgramWithAllThatItHeld) {
    const std::string log = directory + "/log";
    begin("lxc.tty.max = 1\nlxc.console.buffer.size = 4096\nlxc.console.logfile = " + log + "\n");
    ASSERT_EQ(::write(inside.get(), "before ", 7), 7);
    const auto given = console->give(0, 1);
    ASSERT_TRUE(given);
    EXPECT_TRUE(console->give(1, 2));
    settle();
    ASSERT_TRUE(console->can_be_packed());
    base::Packer packed;
    console->pack(packed);
    // As exec(2) does, and unlike its destructor, which would close what the next one has now.
    static auto& gone = *new std::vector<Console*>;
    gone.push_back(console.release());
    base::Unpacker unpacked(packed.str());
    monitor::EventLoop former;
    std::swap(former, loop);
    console = std::make_unique<Console>();
    console->unpack(unpacked);
    console->attach(loop);
    ASSERT_EQ(::write(inside.get(), "after", 5), 5);
    settle();
    EXPECT_EQ(base::read_file(log), "before after");
    EXPECT_EQ(console->read_buffer(true, false, 0), "before after");
    char seen[32] = {};
    EXPECT_EQ(::read(given->master.get(), seen, sizeof seen), 12);
    EXPECT_FALSE(console->give(0, 3));
    EXPECT_FALSE(console->give(1, 3));
    console->release(2);
    EXPECT_TRUE(console->give(1, 3));
}

TEST_F(ConsoleTest, KnowsWhereThePtysComeFrom) {
    const auto from = [this](const std::string& text) {
        settings.clear();
        settings.load_text(text, "test");
        return Console(settings);
    };
    EXPECT_FALSE(from("lxc.pty.max = 1\nlxc.tty.max = 1\n").console_from_container());
    EXPECT_TRUE(from("lxc.pty.max = 1\nlxc.tty.max = 1\n").ttys_from_container());
    EXPECT_TRUE(from("lxc.pty.max = 2\n").console_from_container());
    EXPECT_FALSE(from("lxc.pty.max = 2\n").ttys_from_container());
    EXPECT_FALSE(from("lxc.pty.max = 2\nlxc.console.path = none\n").console_from_container());
}

TEST_F(ConsoleTest, NoneMeansNoConsole) {
    settings.load_text("lxc.console.path = none\n", "test");
    console = std::make_unique<Console>(settings);
    console->prepare(false);
    console->attach(loop);
    EXPECT_EQ(console->host_console(), nullptr);
    EXPECT_FALSE(console->give(0, 1));
}

}  // namespace
