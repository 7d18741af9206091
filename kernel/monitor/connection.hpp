// A connection to a monitor for one question, whose every step ends by one point in time.
#pragma once

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <kernel/monitor/command.hpp>

#include <sys/socket.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::monitor {

using Clock = std::chrono::steady_clock;

struct Response {
    int32_t result = 0;
    uint64_t number = 0;
    std::string data;
    std::vector<UniqueFd> fds;
    UniqueFd connection;  ///< still open for the commands that keep it
};

class Connection {
public:
    Connection(std::string address, Clock::time_point end, UniqueFd open = {})
        : address_(std::move(address)), end_(end), fd_(std::move(open)) {}

    /// False: nobody listens. Throws for a passed end, as all that follows.
    bool open();
    /// An abstract address belongs to who binds it first, so a monitor is believed only if it is root's, ours, or of the owner
    /// of the directory of containers. Throws EPERM.
    void check_owner(const std::string& lxcpath) const;
    /// Of who listens (SO_PEERCRED, unix(7)): a monitor, or who started it.
    ucred peer() const;
    /// False: the connection is lost.
    bool ask(const RequestHeader& request, std::string_view data);
    /// False: the other end closed before the answer was complete.
    bool hear(Response& response);

    void end_at(Clock::time_point end) { end_ = end; }
    /// How many of `size` bytes came before the connection was lost. Descriptors that come along are collected.
    size_t receive(void* data, size_t size, std::vector<UniqueFd>* fds = nullptr);
    /// Nothing has come that was not received, and the other end has not closed.
    bool quiet() const;
    void close() { fd_.reset(); }
    explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
    UniqueFd take() { return std::move(fd_); }

private:
    bool send(const void* data, size_t size);
    ssize_t send_some(const char* data, size_t size) const;
    ssize_t receive_some(char* data, size_t size, std::vector<UniqueFd>* fds) const;
    bool connect() const;
    void limit_connect() const;
    bool await(short events) const;
    Error late() const;

    std::string address_;
    Clock::time_point end_;
    UniqueFd fd_;
};

}  // namespace keelson::monitor
