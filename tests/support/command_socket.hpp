// A command server in a thread, with a container that remembers what it was told.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <kernel/monitor/command_client.hpp>
#include <kernel/monitor/command_server.hpp>
#include <tests/support/fake_container.hpp>

#include <thread>

namespace keelson::test {

using namespace std::chrono_literals;
using monitor::AbstractAddress, monitor::CommandClient, monitor::CommandServer, monitor::EventLoop, monitor::ResponseHeader,
    monitor::State, monitor::command_address;

/// A server in a thread; every test has an lxcpath of its own.
struct CommandSocket : testing::Test {
    explicit CommandSocket(const std::string& more = {})
        : path(cat("/klt-monitor-", ::getpid(), "-", testing::UnitTest::GetInstance()->current_test_info()->name(), more)) {}

    void SetUp() override {
        container.path = path;
        begin();
    }
    void TearDown() override { end(); }

    void begin() {
        server = std::make_unique<CommandServer>(CommandServer::listen(path, "web"), loop, container);
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        loop.add(ends[0], POLLIN, [this](uint32_t) {
            char order = 0;
            ASSERT_EQ(::read(ends[0], &order, 1), 1);
            if (order == 'q') return loop.stop();
            server->announce(static_cast<State>(order));
            (void)!::write(done[1], "x", 1);
        });
        ASSERT_EQ(::pipe2(done, O_CLOEXEC), 0);
        thread = std::thread([this] { loop.run(); });
    }
    void end() {
        if (!thread.joinable()) return;
        (void)!::write(ends[1], "q", 1);
        thread.join();
        loop.remove(ends[0]);
        server.reset();
        for (const int fd : {ends[0], ends[1], done[0], done[1]}) ::close(fd);
    }
    /// Done in the server's thread; back when it is done.
    void announce(State state) {
        const char order = static_cast<char>(state);
        char answer = 0;
        ASSERT_EQ(::write(ends[1], &order, 1), 1);
        ASSERT_EQ(::read(done[0], &answer, 1), 1);
    }
    UniqueFd connect() const {
        UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const AbstractAddress address(command_address(path, "web"));
        EXPECT_EQ(::connect(fd.get(), address.get(), address.length()), 0);
        return fd;
    }
    /// Bytes sent raw; the header of what came back, or nothing.
    static std::optional<ResponseHeader> raw(int fd, std::string_view bytes) {
        (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        ResponseHeader header{};
        if (::recv(fd, &header, sizeof header, MSG_WAITALL) != sizeof header) return std::nullopt;
        return header;
    }

    const std::string path;
    FakeContainer container;
    EventLoop loop;
    std::unique_ptr<CommandServer> server;
    std::thread thread;
    int ends[2] = {-1, -1}, done[2] = {-1, -1};
    CommandClient client{path, "web", 5s};
};

}  // namespace keelson::test
