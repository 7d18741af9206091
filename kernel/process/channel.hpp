// What host and child say to each other while a container starts: whose turn it is, descriptors, errors.
#pragma once

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <functional>
#include <string>
#include <vector>

namespace keelson::process {

/// An Error as bytes, for the way to another process.
std::string pack(const Error& error);
Error unpack(std::string_view packed);

/// One end of a SOCK_SEQPACKET pair; closed by exec(2). Messages of more than one packet are not needed: an Error is cut to
/// fit.
class Channel {
public:
    struct Message {
        char kind = 0;  ///< 0: the other end is closed
        std::string text;
        std::vector<UniqueFd> fds;
    };

    Channel() = default;
    explicit Channel(UniqueFd end) : end_(std::move(end)) {}
    static std::pair<Channel, Channel> pair();

    static constexpr size_t most_fds = 64;  ///< in one message
    static constexpr char failure = 'e';    ///< kind of a packed Error

    void send(char kind, std::string_view text = {}, const std::vector<int>& borrowed_fds = {});
    /// The last words of a process, which nobody may be left to hear.
    void fail(const Error& error) noexcept;
    Message receive();
    void close() noexcept { end_.reset(); }
    int fd() const noexcept { return end_.get(); }
    /// Nobody has the other end any more; what was sent before can still be received.
    bool hung_up() const;
    void wait_for_hang_up() const;

private:
    bool hangs_up_within(int timeout_ms) const;

    UniqueFd end_;
};

/// [child] All that a process does which clone_process made to work for us: runs `body` and ends. Nothing leaves it into the
/// code of its parent; a failure goes to the other end as Channel::failure.
[[noreturn]] void work_and_end(Channel& channel, const std::function<void()>& body) noexcept;

}  // namespace keelson::process
