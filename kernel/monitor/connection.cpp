#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <kernel/monitor/connection.hpp>

#include <algorithm>
#include <cstring>

namespace keelson::monitor {

namespace {

void collect(const cmsghdr* item, std::vector<UniqueFd>* fds) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) return;
    for (size_t at = 0; at + sizeof(int) <= item->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(item) + at, sizeof fd);
        UniqueFd owned(fd);
        if (fds) fds->push_back(std::move(owned));
    }
}

}  // namespace

bool Connection::open() {
    fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_) throw Error::last("socket", address_);
    if (connect()) return true;
    if (errno == EAGAIN) {
        limit_connect();
        if (connect()) return true;
    }
    const int cause = errno;
    fd_.reset();
    if (cause == ECONNREFUSED) return false;
    if (cause == EAGAIN) throw late();
    throw Error(cause, address_, "connect to");
}

bool Connection::connect() const {
    const AbstractAddress address(address_);
    return ::connect(fd_.get(), address.get(), address.length()) == 0;
}

/// While the listener's queue is full, connect(2) waits as send does; zero would mean for ever.
void Connection::limit_connect() const {
    const auto left =
        std::max<long long>(1000, std::chrono::duration_cast<std::chrono::microseconds>(end_ - Clock::now()).count());
    const timeval limit{.tv_sec = static_cast<time_t>(left / 1000000), .tv_usec = static_cast<suseconds_t>(left % 1000000)};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ::fcntl(fd_.get(), F_SETFL, 0);
}

ucred Connection::peer() const {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(fd_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) throw Error::last("ask who owns", address_);
    return peer;
}

void Connection::check_owner(const std::string& lxcpath) const {
    const uid_t owner = peer().uid;
    if (owner == 0 || owner == ::geteuid()) return;
    struct stat status {};
    if (::stat(lxcpath.c_str(), &status) == 0 && status.st_uid == owner) return;
    throw Error(EPERM, address_, cat("trust uid ", owner, ", which owns the socket"),
                "another user's process has taken the address of this container's monitor: end it");
}

bool Connection::ask(const RequestHeader& request, std::string_view data) {
    return send(&request, sizeof request) && send(data.data(), data.size());
}

bool Connection::hear(Response& response) {
    ResponseHeader header{};
    if (receive(&header, sizeof header, &response.fds) != sizeof header) return false;
    response.result = header.result;
    response.number = header.data;
    // In pieces, so that a length that is a lie costs nothing.
    for (int64_t left = header.data_length; left > 0;) {
        if (Clock::now() > end_) throw late();
        char part[4096];
        const size_t got = receive(part, static_cast<size_t>(std::min<int64_t>(left, sizeof part)), &response.fds);
        response.data.append(part, got);
        if (got == 0) return false;
        left -= static_cast<int64_t>(got);
    }
    return true;
}

/// With our credentials (unix(7)): a monitor of LXC's asks for them only after it has accepted, and refuses who wrote before.
ssize_t Connection::send_some(const char* data, size_t size) const {
    const ucred ours{::getpid(), ::geteuid(), ::getegid()};
    iovec part{const_cast<char*>(data), size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof ours)]{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_CREDENTIALS;
    item->cmsg_len = CMSG_LEN(sizeof ours);
    std::memcpy(CMSG_DATA(item), &ours, sizeof ours);
    return ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool Connection::send(const void* data, size_t size) {
    const char* at = static_cast<const char*>(data);
    while (size > 0) {
        const ssize_t sent = send_some(at, size);
        if (sent < 0 && errno == EAGAIN && !await(POLLOUT)) return false;
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent < 0) return false;
        at += sent, size -= static_cast<size_t>(sent);
    }
    return true;
}

size_t Connection::receive(void* data, size_t size, std::vector<UniqueFd>* fds) {
    size_t have = 0;
    while (have < size) {
        if (!await(POLLIN)) break;
        const ssize_t got = receive_some(static_cast<char*>(data) + have, size - have, fds);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) break;
        have += static_cast<size_t>(got);
    }
    return have;
}

ssize_t Connection::receive_some(char* data, size_t size, std::vector<UniqueFd>* fds) const {
    constexpr size_t most_fds = 32;
    alignas(cmsghdr) char control[CMSG_SPACE(most_fds * sizeof(int))];
    iovec part{.iov_base = data, .iov_len = size};
    msghdr message{};
    message.msg_iov = &part, message.msg_iovlen = 1;
    message.msg_control = control, message.msg_controllen = sizeof control;
    const ssize_t got = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0) return got;
    for (cmsghdr* item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) collect(item, fds);
    return got;
}

bool Connection::quiet() const {
    pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    int ready;
    do ready = ::poll(&entry, 1, 0);
    while (ready < 0 && errno == EINTR);
    return ready == 0;
}

/// False: the connection cannot be watched. Throws when it takes too long; what has come by then is taken later too.
bool Connection::await(short events) const {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now()).count();
        pollfd entry{.fd = fd_.get(), .events = events, .revents = 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(std::clamp<long long>(left, 0, 1 << 30)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
        if (left <= 0) throw late();
    }
}

Error Connection::late() const {
    return Error(ETIMEDOUT, address_, "wait for the monitor at",
                 "the container's monitor does not answer: is it stopped (SIGSTOP)?");
}

}  // namespace keelson::monitor
