#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <keelson/sdk/error.hpp>
#include <kernel/base/log.hpp>
#include <kernel/monitor/command_client.hpp>
#include <kernel/monitor/command_server.hpp>
#include <kernel/process/clone.hpp>
#include <tests/support/command_socket.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

namespace {

using namespace keelson;
using namespace keelson::monitor;
using keelson::test::CommandSocket;
using keelson::test::FakeContainer;
using namespace std::chrono_literals;
using testing::ElementsAre;

struct LongCommandSocket : CommandSocket {
    LongCommandSocket() : CommandSocket(std::string(90, 'p')) {}
};

TEST(CommandAddress, IsHashedWhenLong) {
    EXPECT_EQ(command_address("/var/lib/lxc", "web"), "/var/lib/lxc/web/command");
    const std::string path = "/" + std::string(80, 'p');
    EXPECT_EQ(command_address(path, std::string(15, 'n')).size(), 105U);
    const auto hashed = command_address(path, std::string(16, 'n'));
    EXPECT_EQ(hashed.size(), std::strlen("lxc/0123456789abcdef/command"));
    EXPECT_TRUE(hashed.starts_with("lxc/"));
}

TEST(StateNames, GoBothWays) {
    EXPECT_EQ(name_of(State::thawed), "THAWED");
    EXPECT_EQ(state_named("FROZEN"), State::frozen);
    EXPECT_EQ(state_named("frozen"), std::nullopt);
}

TEST_F(CommandSocket, AnswersWhatIsAsked) {
    EXPECT_EQ(client.state(), State::running);
    EXPECT_EQ(client.init_pid(), 4711);
    EXPECT_EQ(client.config_item("lxc.uts.name"), "web");
    EXPECT_EQ(client.config_item("lxc.empty"), std::nullopt);
    EXPECT_EQ(client.config_item("lxc.nonsense"), std::nullopt);
    EXPECT_EQ(client.call(Command::get_clone_flags)->number, 0x2c020000U);
    EXPECT_EQ(client.call(Command::get_cgroup)->data, std::string("/lxc.payload.web/\0", 18));
    EXPECT_EQ(client.call(Command::get_cgroup, 0, std::string_view("cpu\0", 4))->data,
              std::string("/lxc.payload.web/cpu\0", 21));
    EXPECT_EQ(client.call(Command::get_init_pidfd)->fds.size(), 1U);
    EXPECT_EQ(client.call(Command::get_devpts_fd)->result, -EBADF);
    EXPECT_EQ(client.call(Command::get_cgroup2_fd)->result, -ENOENT);
    EXPECT_EQ(client.call(static_cast<Command>(99))->result, -ENOSYS);
}

TEST_F(CommandSocket, StateAndInitAreOneQuestion) {
    const Status status = client.status();
    EXPECT_EQ(status.state, State::running);
    EXPECT_EQ(status.init, 4711);
    EXPECT_EQ(client.call(Command::get_state)->number, static_cast<uint64_t>(State::running)) << "LXC's question alone";
    EXPECT_EQ(CommandClient(path, "other").status().state, State::stopped);
    EXPECT_EQ(CommandClient(path, "other").status().init, std::nullopt);
}

/// Answers as a monitor of LXC's, which sees no number in get_state.
TEST(CommandClient, AMonitorOfLxcIsAskedForInitToo) {
    const std::string path = cat("/klt-lxc-", ::getpid());
    const UniqueFd listener = CommandServer::listen(path, "web");
    ASSERT_EQ(::fcntl(listener.get(), F_SETFL, 0), 0);
    std::thread monitor([&] {
        for (int answered = 0; answered < 2; ++answered) {
            const UniqueFd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            RequestHeader request{};
            EXPECT_EQ(::recv(fd.get(), &request, sizeof request, MSG_WAITALL), static_cast<ssize_t>(sizeof request));
            const bool state = request.command == static_cast<int32_t>(Command::get_state);
            const ResponseHeader answer{0, 0, state ? static_cast<uint64_t>(State::frozen) : 815};
            EXPECT_EQ(::send(fd.get(), &answer, sizeof answer, MSG_NOSIGNAL), static_cast<ssize_t>(sizeof answer));
        }
    });
    const Status status = CommandClient(path, "web", 5s).status();
    monitor.join();
    EXPECT_EQ(status.state, State::frozen);
    EXPECT_EQ(status.init, 815);
}

TEST_F(CommandSocket, NobodyThereMeansStopped) {
    CommandClient nobody(path, "other");
    EXPECT_EQ(nobody.state(), State::stopped);
    EXPECT_EQ(nobody.init_pid(), std::nullopt);
    EXPECT_EQ(nobody.wait({State::running}, 30ms), std::nullopt);
    EXPECT_EQ(nobody.wait({State::stopped}, std::nullopt), State::stopped);
}

TEST_F(CommandSocket, AMonitorThatIsBusyIsWaitedForAsLongAsWasAsked) {
    const UniqueFd silent = CommandServer::listen(path, "silent");
    CommandClient hasty(path, "silent", 10ms);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(hasty.wait({State::running}, 1100ms), std::nullopt);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 1000ms);
    EXPECT_THROW(hasty.state(), Error);
}

TEST_F(CommandSocket, TheAddressIsTakenOnce) {
    try {
        CommandServer::listen(path, "web");
        FAIL() << "bound twice";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), EADDRINUSE);
    }
}

TEST_F(CommandSocket, StopEndsWithTheConnection) {
    std::thread stopper([this] { EXPECT_EQ(client.call(Command::stop), std::nullopt); });
    while (container.stops == 0) std::this_thread::sleep_for(1ms);
    end();
    stopper.join();
    EXPECT_EQ(container.stops, 1);
}

TEST_F(CommandSocket, FreezesWithTheTimeoutInEitherPlace) {
    EXPECT_EQ(client.call(Command::freeze, 7)->result, 0);
    const uint64_t seconds = 9;
    EXPECT_EQ(client.call(Command::unfreeze, 0, {reinterpret_cast<const char*>(&seconds), sizeof seconds})->result, 0);
    EXPECT_THAT(container.freezes, ElementsAre(std::pair(true, 7U), std::pair(false, 9U)));
}

TEST_F(CommandSocket, TtyIsTakenAsLongAsTheConnection) {
    {
        const auto tty = client.call(Command::get_tty_fd, 1, {}, true);
        ASSERT_TRUE(tty && tty->connection);
        EXPECT_EQ(tty->number, 1U);
        EXPECT_EQ(tty->fds.size(), 1U);
        EXPECT_EQ(client.state(), State::running);
        EXPECT_TRUE(container.gone.empty());
    }
    while (container.gone.empty()) EXPECT_EQ(client.state(), State::running);
    EXPECT_EQ(client.call(Command::get_tty_fd, 2, {}, true)->result, -EBADF);
}

TEST_F(CommandSocket, WaitsForAState) {
    EXPECT_EQ(client.wait({State::running}, 0ms), State::running);
    EXPECT_EQ(client.wait({State::frozen}, 0ms), std::nullopt);
    EXPECT_EQ(client.wait({State::frozen}, 20ms), std::nullopt);
    std::atomic<bool> told = false;
    std::thread waiter([&] {
        EXPECT_EQ(client.wait({State::frozen, State::stopped}, 5s), State::frozen);
        told = true;
    });
    while (!told) {  // it may not be listening yet
        std::this_thread::sleep_for(20ms);
        announce(State::freezing);
        announce(State::frozen);
    }
    waiter.join();
}

TEST_F(CommandSocket, TheEndOfTheMonitorIsStopped) {
    std::thread waiter([this] { EXPECT_EQ(client.wait({State::stopped}, 5s), State::stopped); });
    std::thread other([this] { EXPECT_EQ(client.wait({State::frozen}, 5s), std::nullopt); });
    std::this_thread::sleep_for(20ms);
    end();
    waiter.join();
    other.join();
}

TEST_F(CommandSocket, TheNextRunningIsNotThePresentOne) {
    StateWishes wishes{};
    wishes.wanted[static_cast<size_t>(State::running)] = StateWishes::next_time;
    const std::string_view data(reinterpret_cast<const char*>(&wishes), sizeof wishes);
    const auto response = client.call(Command::add_state_client, 0, data, true);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->number, no_state);
    announce(State::running);
    StateMessage message{};
    ASSERT_EQ(::recv(response->connection.get(), &message, sizeof message, MSG_WAITALL), static_cast<ssize_t>(sizeof message));
    EXPECT_STREQ(message.name, "web");
    EXPECT_EQ(message.state, static_cast<int32_t>(State::running));
}

TEST_F(CommandSocket, SendsALongConsoleLogInPieces) {
    container.log.assign(3 << 20, 'x');
    ConsoleLogRequest request{.clear = 1, .read = 1, .maximum = 0, .write_logfile = 0};
    const std::string_view data(reinterpret_cast<const char*>(&request), sizeof request);
    EXPECT_EQ(client.call(Command::console_log, 0, data)->data.size(), 3U << 20);
    EXPECT_EQ(client.call(Command::console_log, 0, data)->data.size(), 0U);
}

TEST_F(CommandSocket, AReaderThatSleepsHoldsUpNobody) {
    container.log.assign(8 << 20, 'x');
    const auto lazy = connect();
    const RequestHeader header{static_cast<int32_t>(Command::console_log), sizeof(ConsoleLogRequest), 0};
    const ConsoleLogRequest request{.clear = 0, .read = 1, .maximum = 0, .write_logfile = 0};
    (void)!::send(lazy.get(), &header, sizeof header, 0);
    (void)!::send(lazy.get(), &request, sizeof request, 0);
    EXPECT_EQ(client.state(), State::running);
}

TEST_F(CommandSocket, RefusesWhatIsTooLongOrNegative) {
    for (const int32_t length : {maximum_request + 1, -1, INT32_MIN, INT32_MAX}) {
        const RequestHeader header{static_cast<int32_t>(Command::get_cgroup), length, 0};
        const auto answer = raw(connect().get(), {reinterpret_cast<const char*>(&header), sizeof header});
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->result, -EFBIG);
    }
}

TEST_F(CommandSocket, RefusesStructsOfAWrongSize) {
    EXPECT_EQ(client.call(Command::add_state_client, 0, "short")->result, -EINVAL);
    EXPECT_EQ(client.call(Command::console_log, 0, {})->result, -EINVAL);
    EXPECT_EQ(client.call(Command::serve_state_clients, 8)->result, -EINVAL);
}

TEST_F(CommandSocket, HalfMessagesAndGarbageHurtNobody) {
    std::vector<UniqueFd> open;
    for (size_t bytes = 0; bytes < 16; ++bytes) {
        open.push_back(connect());
        (void)!::send(open.back().get(), std::string(bytes, '\xff').data(), bytes, MSG_NOSIGNAL);
    }
    for (unsigned seed = 1; seed < 200; ++seed) {
        std::string bytes(16 + seed % 64, '\0');
        unsigned value = seed;
        for (char& byte : bytes) byte = static_cast<char>(value = value * 1664525 + 1013904223) & 0x7f;
        bytes[0] = static_cast<char>(seed % 28), bytes[1] = bytes[2] = bytes[3] = 0;
        const auto fd = connect();
        (void)!::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    EXPECT_EQ(client.state(), State::running);
}

TEST_F(CommandSocket, TakesARequestByteByByte) {
    const auto fd = connect();
    const RequestHeader header{static_cast<int32_t>(Command::get_cgroup), 4, 0};
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes += std::string("cpu\0", 4);
    for (const char byte : bytes) {
        (void)!::send(fd.get(), &byte, 1, MSG_NOSIGNAL);
        std::this_thread::sleep_for(100us);
    }
    ResponseHeader answer{};
    ASSERT_EQ(::recv(fd.get(), &answer, sizeof answer, MSG_WAITALL), static_cast<ssize_t>(sizeof answer));
    EXPECT_EQ(answer.data_length, 21);
}

TEST_F(CommandSocket, AThousandConnectionsLeaveRoomForOneMore) {
    rlimit old{}, high{.rlim_cur = 4096, .rlim_max = 4096};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
    high.rlim_max = old.rlim_max;
    if (old.rlim_max < high.rlim_cur) GTEST_SKIP() << "needs 4096 descriptors";
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &high), 0);
    std::vector<UniqueFd> open;
    for (int i = 0; i < 1000; ++i) open.push_back(connect());
    EXPECT_EQ(client.state(), State::running);
    open.clear();
    EXPECT_EQ(client.state(), State::running);
    ::setrlimit(RLIMIT_NOFILE, &old);
}

TEST_F(CommandSocket, SilentConnectionsMakeRoomWhenDescriptorsRunOut) {
    rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
    const rlimit low{.rlim_cur = 512, .rlim_max = old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    const auto tty = client.call(Command::get_tty_fd, 1, {}, true);
    std::vector<UniqueFd> open;  // client and server share the limit here
    for (int i = 0; i < 240; ++i) open.push_back(connect());
    EXPECT_EQ(client.state(), State::running);
    EXPECT_TRUE(container.gone.empty()) << "a client with a terminal is not silent";
    ::setrlimit(RLIMIT_NOFILE, &old);
}

TEST_F(CommandSocket, AnotherUserIsRefusedAndCrowdsOutNobody) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    const auto own = client.call(Command::get_tty_fd, 1, {}, true);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setgid(65534) < 0 || ::setuid(65534) < 0) ::_exit(2);
        std::vector<UniqueFd> crowd;
        for (int i = 0; i < 100; ++i) crowd.push_back(connect());
        const RequestHeader header{static_cast<int32_t>(Command::stop), 0, 0};
        const auto answer = raw(connect().get(), {reinterpret_cast<const char*>(&header), sizeof header});
        ::_exit(answer && answer->result == -EPERM ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(container.stops, 0);
    EXPECT_EQ(client.state(), State::running);
    EXPECT_TRUE(container.gone.empty());
}

TEST_F(CommandSocket, ListensUnderItsName) {
    EXPECT_THAT(listening(path), ElementsAre("web"));
    EXPECT_TRUE(listening(path + "x").empty());
}

TEST_F(LongCommandSocket, IsListedByItsRealName) {
    EXPECT_EQ(client.state(), State::running);
    EXPECT_THAT(listening(path), ElementsAre("web"));
    EXPECT_TRUE(listening("/klt-elsewhere").empty());
}

TEST(CommandClient, ASilentMonitorIsNotWaitedForLong) {
    const std::string path = cat("/klt-silent-", ::getpid());
    const auto listener = CommandServer::listen(path, "web");
    try {
        CommandClient(path, "web", 50ms).state();
        FAIL() << "no answer is an error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ETIMEDOUT);
    }
}

TEST(CommandClient, AMonitorOfAStrangerIsNotBelieved) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    const std::string path = cat("/klt-stranger-", ::getpid());
    int ready[2], finish[2];
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC) | ::pipe2(finish, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setgid(65534) < 0 || ::setuid(65534) < 0) ::_exit(2);
        const auto listener = CommandServer::listen(path, "web");
        char byte = 'r';
        (void)!::write(ready[1], &byte, 1);
        ::close(finish[1]);
        (void)!::read(finish[0], &byte, 1);
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_THROW(CommandClient(path, "web", 1s).init_pid(), Error);
    for (const int fd : {ready[0], ready[1], finish[0], finish[1]}) ::close(fd);
    ::waitpid(child, nullptr, 0);
}

/// Two programs of one monitor, the second of which goes on with the descriptors of the first.
struct HandedOverSocket : testing::Test {
    HandedOverSocket() { container.path = path; }
    void hand_over() {
        base::Packer packed;
        first->pack(packed);
        // As exec(2) does, and unlike its destructor, which would close what the second has now.
        static auto& gone = *new std::vector<CommandServer*>;
        gone.push_back(first.release());
        base::Unpacker unpacked(packed.str());
        second = std::make_unique<CommandServer>(unpacked, later, container);
    }
    UniqueFd connect(std::string_view bytes) {
        UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const AbstractAddress address(command_address(path, "web"));
        EXPECT_EQ(::connect(fd.get(), address.get(), address.length()), 0);
        send(fd, bytes);
        return fd;
    }
    static void send(const UniqueFd& fd, std::string_view bytes) {
        EXPECT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    static std::string request(Command command, const std::string& data = {}) {
        const RequestHeader header{static_cast<int32_t>(command), static_cast<int32_t>(data.size()), 0};
        return std::string(reinterpret_cast<const char*>(&header), sizeof header) + data;
    }
    static std::string wish(State state) {
        StateWishes wishes{};
        wishes.wanted[static_cast<size_t>(state)] = 1;
        return {reinterpret_cast<const char*>(&wishes), sizeof wishes};
    }
    template <typename Message>
    static std::optional<Message> received(const UniqueFd& fd) {
        Message message{};
        if (::recv(fd.get(), &message, sizeof message, MSG_DONTWAIT) != sizeof message) return std::nullopt;
        return message;
    }
    /// False: a request was deferred.
    static bool turn(EventLoop& loop) { return !loop.run_until(EventLoop::Clock::now() + 50ms); }

    const std::string path =
        cat("/klt-monitor-", ::getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name());
    FakeContainer container;
    EventLoop loop, later;
    std::unique_ptr<CommandServer> first = std::make_unique<CommandServer>(CommandServer::listen(path, "web"), loop, container);
    std::unique_ptr<CommandServer> second;
};

TEST_F(HandedOverSocket, ConnectionsGoOnWhereTheyWere) {
    const std::string question = request(Command::get_init_pid);
    const UniqueFd waits = connect(request(Command::add_state_client, wish(State::stopped)));
    const UniqueFd tty = connect(request(Command::get_tty_fd));
    const UniqueFd half = connect(std::string_view(question).substr(0, 7));
    ASSERT_TRUE(turn(loop));
    EXPECT_TRUE(received<ResponseHeader>(waits));
    EXPECT_TRUE(received<ResponseHeader>(tty));
    hand_over();
    send(half, std::string_view(question).substr(7));
    const UniqueFd fresh = connect(question);
    ASSERT_TRUE(turn(later));
    EXPECT_EQ(received<ResponseHeader>(half)->data, 4711U);
    EXPECT_EQ(received<ResponseHeader>(fresh)->data, 4711U);
    second->announce(State::stopped);
    EXPECT_EQ(received<StateMessage>(waits)->state, static_cast<int32_t>(State::stopped));
    EXPECT_TRUE(container.gone.empty());
    ::shutdown(tty.get(), SHUT_RDWR);
    ASSERT_TRUE(turn(later));
    EXPECT_EQ(container.gone.size(), 1U);
}

TEST_F(HandedOverSocket, ADeferredRequestIsForTheNext) {
    container.defers = true;
    const UniqueFd freezes = connect(request(Command::freeze)), leaves = connect(request(Command::freeze));
    EXPECT_FALSE(turn(loop));
    EXPECT_FALSE(turn(loop));
    ::shutdown(leaves.get(), SHUT_RDWR);
    ASSERT_TRUE(turn(loop));
    EXPECT_FALSE(received<ResponseHeader>(freezes));
    hand_over();
    container.defers = false;
    second->answer_deferred();
    EXPECT_EQ(received<ResponseHeader>(freezes)->result, 0);
    EXPECT_EQ(container.freezes.size(), 1U);
}

TEST_F(HandedOverSocket, ADeferredRequestFailsWhenThereIsNoNext) {
    container.defers = true;
    const UniqueFd freezes = connect(request(Command::freeze));
    EXPECT_FALSE(turn(loop));
    first->fail_deferred();
    EXPECT_EQ(received<ResponseHeader>(freezes)->result, -EAGAIN);
}

TEST_F(HandedOverSocket, WhatTakesTimeIsAnsweredLaterAndToWhoeverAskedAlone) {
    container.takes_time = true;
    const UniqueFd stays = connect(request(Command::freeze));
    UniqueFd leaves = connect(request(Command::unfreeze));
    ASSERT_TRUE(turn(loop));
    EXPECT_FALSE(received<ResponseHeader>(stays));
    leaves.reset();
    ASSERT_TRUE(turn(loop));
    const UniqueFd another = connect({});  // may get the descriptor that the other one had
    ASSERT_TRUE(turn(loop));
    ASSERT_EQ(container.outcomes.size(), 2U);
    container.outcomes[1](0);
    container.outcomes[0](ETIMEDOUT);
    EXPECT_EQ(received<ResponseHeader>(stays)->result, -ETIMEDOUT);
    EXPECT_FALSE(received<ResponseHeader>(another));
}

TEST(EventLoop, RunsUntilATimeOrUntilItIsStopped) {
    EventLoop loop;
    const auto begin = EventLoop::Clock::now();
    EXPECT_FALSE(loop.run_until(begin + 20ms));
    EXPECT_GE(EventLoop::Clock::now(), begin + 20ms);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    loop.add(ends[0], POLLIN, [&](uint32_t) { loop.stop(); });
    EXPECT_TRUE(loop.run_until(begin + 1h));
    loop.remove(ends[0]);
    ::close(ends[0]), ::close(ends[1]);
}

TEST(EventLoop, AHandlerThatThrowsIsNotCalledAgainAndTheOthersAre) {
    base::detach_log_from_stderr();
    EventLoop loop;
    int a[2], b[2];
    ASSERT_EQ(::pipe2(a, O_CLOEXEC) | ::pipe2(b, O_CLOEXEC), 0);
    int failures = 0;
    loop.add(a[0], POLLIN, [&](uint32_t) {
        ++failures;
        (void)!::write(b[1], "x", 1);
        throw Error(EIO, "a", "read");
    });
    loop.add(b[0], POLLIN, [&](uint32_t) { loop.stop(); });
    (void)!::write(a[1], "x", 1);
    loop.run();
    EXPECT_EQ(failures, 1);
    loop.add(a[0], POLLIN, [&](uint32_t) { loop.stop(); });
    loop.remove(b[0]);
    loop.run();
    EXPECT_EQ(failures, 1);
    for (const int fd : {a[0], a[1], b[0], b[1]}) ::close(fd);
}

TEST(EventLoop, AHandlerMayRemoveItselfAndAddAnother) {
    EventLoop loop;
    int a[2], b[2];
    ASSERT_EQ(::pipe2(a, O_CLOEXEC) | ::pipe2(b, O_CLOEXEC), 0);
    int calls = 0;
    loop.add(a[0], POLLIN, [&](uint32_t) {
        ++calls;
        loop.remove(a[0]);
        loop.add(b[0], POLLIN, [&](uint32_t) {
            ++calls;
            loop.stop();
        });
    });
    (void)!::write(a[1], "x", 1);
    (void)!::write(b[1], "x", 1);
    loop.run();
    EXPECT_EQ(calls, 2);
    for (const int fd : {a[0], a[1], b[0], b[1]}) ::close(fd);
}

}  // namespace
