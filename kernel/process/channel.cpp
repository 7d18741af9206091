#include <kernel/base/error.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/channel.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace keelson::process {
namespace {

constexpr size_t packet_size = 16 * 1024;
constexpr char separator = '\x1f';

std::vector<UniqueFd> take_fds(msghdr& message) {
    std::vector<UniqueFd> fds;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        const int* raw = reinterpret_cast<const int*>(CMSG_DATA(c));
        for (size_t i = 0; i < count; ++i) fds.emplace_back(raw[i]);
    }
    return fds;
}

}  // namespace

std::string pack(const Error& error) {
    std::string text = cat(error.code(), separator, error.object(), separator, error.message(), separator, error.hint());
    for (const std::string& place : error.where()) text += cat(separator, place);
    return text.substr(0, packet_size - 1);
}

Error unpack(std::string_view packed) {
    const std::vector<std::string_view> parts = base::split(packed, separator);
    const auto part = [&](size_t i) { return i < parts.size() ? std::string(parts[i]) : std::string(); };
    Error error(static_cast<int>(base::parse_unsigned(part(0)).value_or(0)), part(1), part(2), part(3));
    for (size_t i = 4; i < parts.size(); ++i) error.at(part(i));
    return error;
}

std::pair<Channel, Channel> Channel::pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) throw Error::last("socketpair", "");
    return {Channel(UniqueFd(ends[0])), Channel(UniqueFd(ends[1]))};
}

void Channel::send(char kind, std::string_view text, const std::vector<int>& borrowed_fds) {
    std::array<iovec, 2> parts{iovec{&kind, 1}, iovec{const_cast<char*>(text.data()), std::min(text.size(), packet_size - 1)}};
    if (borrowed_fds.size() > most_fds) throw Error(E2BIG, cat(borrowed_fds.size()), "too many descriptors for one message:");
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_fds * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    if (!borrowed_fds.empty()) {
        const size_t bytes = borrowed_fds.size() * sizeof(int);
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(bytes);
        cmsghdr* c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(bytes);
        std::memcpy(CMSG_DATA(c), borrowed_fds.data(), bytes);
    }
    while (::sendmsg(end_.get(), &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) throw Error::last("send to the other side of the start", "");
    }
}

void Channel::fail(const Error& error) noexcept try { send(failure, pack(error)); } catch (...) {
}

Channel::Message Channel::receive() {
    Message result;
    // Not on the heap, and not filled before: each page that a new process touches is a copy.
    std::array<char, packet_size> buffer;
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_fds * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t size = 0;
    while ((size = ::recvmsg(end_.get(), &message, MSG_CMSG_CLOEXEC)) < 0) {
        if (errno == ECONNRESET) return result;
        if (errno != EINTR) throw Error::last("receive from the other side of the start", "");
    }
    if (size == 0) return result;
    result.kind = buffer[0];
    result.text.assign(buffer.data() + 1, static_cast<size_t>(size) - 1);
    result.fds = take_fds(message);
    return result;
}

bool Channel::hung_up() const { return hangs_up_within(0); }

void Channel::wait_for_hang_up() const { hangs_up_within(-1); }

bool Channel::hangs_up_within(int timeout_ms) const {
    pollfd poll{end_.get(), 0, 0};
    while (::poll(&poll, 1, timeout_ms) < 0) {
        if (errno != EINTR) throw Error::last("poll", "the channel to the other side of the start");
    }
    return (poll.revents & POLLHUP) != 0;
}

void work_and_end(Channel& channel, const std::function<void()>& body) noexcept {
    try {
        body();
        ::_exit(0);
    } catch (const std::exception& error) {
        channel.fail(base::as_error(error));
    }
    ::_exit(1);
}

}  // namespace keelson::process
