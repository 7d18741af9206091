// What host and child say to each other while a container starts: whose turn it is, descriptors, errors.
#pragma once

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <map>
#include <optional>
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

    void send(char kind, std::string_view text = {}, const std::vector<int>& borrowed_fds = {});
    Message receive();
    void close() noexcept { end_.reset(); }
    int fd() const noexcept { return end_.get(); }

private:
    UniqueFd end_;
};

}  // namespace keelson::process
