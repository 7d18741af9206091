#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <kernel/console/pty.hpp>
#include <kernel/console/terminal.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace {

using namespace keelson;
using namespace keelson::console;

void set_raw(int fd) {
    termios attributes{};
    ASSERT_EQ(::tcgetattr(fd, &attributes), 0);
    ::cfmakeraw(&attributes);
    ASSERT_EQ(::tcsetattr(fd, TCSANOW, &attributes), 0);
}

/// What comes within a moment, up to `size` bytes.
std::string read_up_to(int fd, size_t size) {
    std::string text;
    while (text.size() < size) {
        pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
        char byte = 0;
        if (::poll(&entry, 1, 2000) <= 0 || ::read(fd, &byte, 1) != 1) break;
        text += byte;
    }
    return text;
}

void type(int fd, std::string_view text) {
    ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

/// A person at `person`, a container at `container`, and the proxy in a process between.
struct ProxyTest : testing::Test {
    void SetUp() override {
        person = open_pty();
        container = open_pty();
        set_raw(container.peer.get());
        const winsize size{.ws_row = 40, .ws_col = 111, .ws_xpixel = 0, .ws_ypixel = 0};
        ASSERT_EQ(::ioctl(person.master.get(), TIOCSWINSZ, &size), 0);
        ASSERT_EQ(::pipe2(until, O_CLOEXEC), 0);
    }
    void TearDown() override {
        for (const pid_t process : {pid, flooder}) {
            if (process <= 0) continue;
            ::kill(process, SIGKILL);
            ::waitpid(process, nullptr, 0);
        }
        ::close(until[0]);
        ::close(until[1]);
    }
    /// Somebody inside writes for ever, faster than the person reads.
    void flood() {
        flooder = ::fork();
        if (flooder != 0) return;
        ::close(until[1]);
        const std::string text(1000, 'y');
        while (::write(container.peer.get(), text.data(), text.size()) > 0) {
        }
        ::_exit(0);
    }
    /// Whether the proxy ends while the person reads, so slowly that there is always more.
    bool ends_during_flood() {
        ::fcntl(person.master.get(), F_SETFL, O_NONBLOCK);
        char buffer[256];
        for (int i = 0; i < 2000 && !exited(); ++i) {
            (void)!::read(person.master.get(), buffer, sizeof buffer);
            ::usleep(500);
        }
        return exited();
    }
    bool exited() const {
        siginfo_t info{};
        return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
    }
    void begin(ProxyOptions options) {
        options.input = options.output = person.peer.get();
        options.until = until[0];
        pid = ::fork();
        if (pid != 0) {
            return;
        }
        ::close(until[1]);
        container.peer.reset();
        person.master.reset();
        int signal = 0;
        {
            const RawTerminal raw(person.peer.get());
            signal = proxy(container.master.get(), options);
        }
        ::_exit(signal);
    }
    /// As of wait(2); the exit code is the signal that ended the proxy.
    int end() {
        int status = -1;
        ::waitpid(pid, &status, 0);
        pid = -1;
        return status;
    }
    bool is_raw() const {
        termios attributes{};
        ::tcgetattr(person.peer.get(), &attributes);
        return !(attributes.c_lflag & ICANON);
    }

    Pty person, container;
    int until[2] = {-1, -1};
    pid_t pid = -1, flooder = -1;
};

TEST_F(ProxyTest, RelaysBothWaysAndTheWindowSize) {
    begin({});
    type(container.peer.get(), "login: ");
    EXPECT_EQ(read_up_to(person.master.get(), 7), "login: ");
    EXPECT_TRUE(is_raw());
    type(person.master.get(), "root\x01q\x03");
    EXPECT_EQ(read_up_to(container.peer.get(), 7), "root\x01q\x03");
    winsize size{};
    ASSERT_EQ(::ioctl(container.peer.get(), TIOCGWINSZ, &size), 0);
    EXPECT_EQ(size.ws_col, 111);
}

TEST_F(ProxyTest, PrefixAndQLeave) {
    begin({.escape = 1});
    type(container.peer.get(), "x");
    EXPECT_EQ(read_up_to(person.master.get(), 1), "x");
    type(person.master.get(), "a\x01\x01");
    EXPECT_EQ(read_up_to(container.peer.get(), 2), "a\x01");
    type(person.master.get(), "\x01z");
    EXPECT_EQ(read_up_to(container.peer.get(), 2), "\x01z");
    type(person.master.get(), "\x01q");
    EXPECT_EQ(end(), 0);
    EXPECT_FALSE(is_raw());
}

TEST_F(ProxyTest, WritesTheLastOutputBeforeItLeaves) {
    const std::string text(3000, 'o');
    type(container.peer.get(), text);
    ::close(until[1]);
    until[1] = -1;
    set_raw(person.peer.get());
    begin({});
    EXPECT_EQ(read_up_to(person.master.get(), text.size()), text);
    EXPECT_EQ(end(), 0);
}

TEST_F(ProxyTest, WritesAllThatThePtyHeldBeforeItLeaves) {
    ::fcntl(container.peer.get(), F_SETFL, O_NONBLOCK);
    const std::string part(100, 'o');
    size_t size = 0;
    for (ssize_t written = 0; (written = ::write(container.peer.get(), part.data(), part.size())) > 0;)
        size += static_cast<size_t>(written);
    ASSERT_GT(size, 4096U);
    ::close(until[1]);
    until[1] = -1;
    set_raw(person.peer.get());
    begin({});
    EXPECT_EQ(read_up_to(person.master.get(), size), std::string(size, 'o'));
    EXPECT_EQ(end(), 0);
}

TEST_F(ProxyTest, EndsAlthoughSomebodyInsideGoesOnWriting) {
    flood();
    begin({});
    EXPECT_NE(read_up_to(person.master.get(), 10000), "");
    ::close(until[1]);
    until[1] = -1;
    EXPECT_TRUE(ends_during_flood());
}

TEST_F(ProxyTest, APersonLeavesAFloodAtOnce) {
    flood();
    begin({.escape = 1});
    EXPECT_NE(read_up_to(person.master.get(), 10000), "");
    type(person.master.get(), "\x01q");
    EXPECT_TRUE(ends_during_flood());
}

TEST_F(ProxyTest, ASignalEndsAFloodAtOnce) {
    flood();
    begin({});
    EXPECT_NE(read_up_to(person.master.get(), 10000), "");
    ::kill(pid, SIGTERM);
    EXPECT_TRUE(ends_during_flood());
}

TEST_F(ProxyTest, EndsWhenTheContainersSideIsClosed) {
    begin({});
    type(container.peer.get(), "bye");
    EXPECT_EQ(read_up_to(person.master.get(), 3), "bye");
    container.peer.reset();
    container.master.reset();
    EXPECT_EQ(end(), 0);
    EXPECT_FALSE(is_raw());
}

TEST_F(ProxyTest, RestoresTheTerminalAtSigterm) {
    begin({});
    type(container.peer.get(), "x");
    EXPECT_EQ(read_up_to(person.master.get(), 1), "x");
    ::kill(pid, SIGTERM);
    EXPECT_EQ(end(), W_EXITCODE(SIGTERM, 0));
    EXPECT_FALSE(is_raw());
}

TEST_F(ProxyTest, EndsAsByAHangUpWhenTheTerminalGoes) {
    begin({});
    type(container.peer.get(), "x");
    EXPECT_EQ(read_up_to(person.master.get(), 1), "x");
    person.master.reset();
    EXPECT_EQ(end(), W_EXITCODE(SIGHUP, 0));
}

TEST_F(ProxyTest, EndsAsByAHangUpWhenOutputFindsTheTerminalGone) {
    begin({});
    type(container.peer.get(), "x");
    EXPECT_EQ(read_up_to(person.master.get(), 1), "x");
    ::kill(pid, SIGSTOP);
    type(container.peer.get(), "what comes now cannot be shown");
    person.master.reset();
    ::kill(pid, SIGCONT);
    EXPECT_EQ(end(), W_EXITCODE(SIGHUP, 0));
}

TEST_F(ProxyTest, LeavesASignalIgnoredThatWas) {
    const auto old = ::signal(SIGHUP, SIG_IGN);
    begin({});
    ::signal(SIGHUP, old);
    type(container.peer.get(), "x");
    EXPECT_EQ(read_up_to(person.master.get(), 1), "x");
    ::kill(pid, SIGHUP);
    type(container.peer.get(), "still here");
    EXPECT_EQ(read_up_to(person.master.get(), 10), "still here");
}

TEST_F(ProxyTest, AContainerThatReadsNothingBlocksNobody) {
    set_raw(person.peer.get());  // else the terminal echoes what is typed before the proxy is there
    begin({});
    const std::string flood(60000, 'i');
    ::fcntl(person.master.get(), F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 20; ++i) (void)!::write(person.master.get(), flood.data(), 4000);
    type(container.peer.get(), "still here");
    EXPECT_EQ(read_up_to(person.master.get(), 10), "still here");
}

TEST(RawTerminal, IsRestoredWhenASignalEndsTheProgram) {
    const Pty pty = open_pty();
    int ready[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        const RawTerminal raw(pty.peer.get());
        (void)!::write(ready[1], "x", 1);
        while (true) ::pause();
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    termios attributes{};
    ::tcgetattr(pty.peer.get(), &attributes);
    EXPECT_FALSE(attributes.c_lflag & ICANON);
    ::kill(pid, SIGTERM);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    ::tcgetattr(pty.peer.get(), &attributes);
    EXPECT_TRUE(attributes.c_lflag & ICANON);
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST(RawTerminal, LeavesAPipeAlone) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    { const RawTerminal raw(ends[0]); }
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(Pty, PeersOfTheSameMasterAreTheSame) {
    const Pty pty = open_pty();
    const UniqueFd again = open_peer(pty.master.get());
    set_raw(pty.peer.get());
    type(pty.master.get(), "x");
    EXPECT_EQ(read_up_to(again.get(), 1), "x");
    EXPECT_GE(pty.number, 0);
}

}  // namespace
