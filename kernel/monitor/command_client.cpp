#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <keelson/sdk/error.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/monitor/command_client.hpp>

#include <algorithm>
#include <cstring>
#include <ctime>

namespace keelson::monitor {

namespace {

using Clock = std::chrono::steady_clock;

/// A connection whose every step ends by one point in time.
class Connection {
public:
    Connection(std::string address, Clock::time_point end, UniqueFd open = {})
        : address_(std::move(address)), end_(end), fd_(std::move(open)) {}

    /// False: nobody listens.
    bool open() {
        fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (!fd_) throw Error::last("socket", address_);
        limit_connect();
        const AbstractAddress address(address_);
        if (::connect(fd_.get(), address.get(), address.length()) == 0) return true;
        if (errno == ECONNREFUSED) return false;
        if (errno == EAGAIN) throw late();
        throw Error::last("connect to", address_);
    }

    /// An abstract address belongs to who binds it first, so a monitor is believed only if it is root's, ours, or of the owner
    /// of the directory of containers.
    void check_owner(const std::string& lxcpath) const {
        ucred peer{};
        socklen_t length = sizeof peer;
        if (::getsockopt(fd_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) throw Error::last("ask who owns", address_);
        if (peer.uid == 0 || peer.uid == ::geteuid()) return;
        struct stat status {};
        if (::stat(lxcpath.c_str(), &status) == 0 && status.st_uid == peer.uid) return;
        throw Error(EPERM, address_, cat("trust uid ", peer.uid, ", which owns the socket"),
                    "another user's process has taken the address of this container's monitor: end it");
    }

    /// With our credentials (unix(7)): a monitor of LXC's asks for them only after it has accepted, and refuses who wrote
    /// before.
    ssize_t send_some(const char* data, size_t size) const {
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

    /// False: the connection is lost.
    bool send(const void* data, size_t size) {
        const char* at = static_cast<const char*>(data);
        while (size > 0) {
            if (!await(POLLOUT)) return false;
            const ssize_t sent = send_some(at, size);
            if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (sent < 0) return false;
            at += sent, size -= static_cast<size_t>(sent);
        }
        return true;
    }

    /// How many of `size` bytes came before the connection was lost. Descriptors that come along are collected.
    size_t receive(void* data, size_t size, std::vector<UniqueFd>* fds = nullptr) {
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

    /// False: the connection cannot be watched. Throws when it takes too long.
    bool await(short events) const {
        while (true) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now()).count();
            if (left < 0) throw late();
            pollfd entry{.fd = fd_.get(), .events = events, .revents = 0};
            const int ready = ::poll(&entry, 1, static_cast<int>(std::min<long long>(left + 1, 1 << 30)));
            if (ready > 0) return true;
            if (ready < 0 && errno != EINTR) return false;
        }
    }

    UniqueFd take() { return std::move(fd_); }

private:
    Error late() const {
        return Error(ETIMEDOUT, address_, "wait for the monitor at",
                     "the container's monitor does not answer: is it stopped (SIGSTOP)?");
    }

    /// connect(2) waits as send does while the listener's queue is full; zero would mean for ever.
    void limit_connect() const {
        const auto left =
            std::max<long long>(1000, std::chrono::duration_cast<std::chrono::microseconds>(end_ - Clock::now()).count());
        const timeval limit{.tv_sec = static_cast<time_t>(left / 1000000), .tv_usec = static_cast<suseconds_t>(left % 1000000)};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }

    ssize_t receive_some(char* data, size_t size, std::vector<UniqueFd>* fds) {
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

    static void collect(const cmsghdr* item, std::vector<UniqueFd>* fds) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) return;
        for (size_t at = 0; at + sizeof(int) <= item->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(item) + at, sizeof fd);
            UniqueFd owned(fd);
            if (fds) fds->push_back(std::move(owned));
        }
    }

    std::string address_;
    Clock::time_point end_;
    UniqueFd fd_;
};

/// One request and its answer; false when the other end closed before it was complete.
bool converse(Connection& connection, const RequestHeader& request, std::string_view data, Response& response) {
    if (!connection.send(&request, sizeof request) || !connection.send(data.data(), data.size())) return false;
    ResponseHeader header{};
    if (connection.receive(&header, sizeof header, &response.fds) != sizeof header) return false;
    response.result = header.result;
    response.number = header.data;
    // In pieces, so that a length that is a lie costs nothing.
    for (int64_t left = header.data_length; left > 0;) {
        char part[4096];
        const size_t got = connection.receive(part, static_cast<size_t>(std::min<int64_t>(left, sizeof part)), &response.fds);
        response.data.append(part, got);
        if (got == 0) return false;
        left -= static_cast<int64_t>(got);
    }
    return true;
}

RequestHeader header_for(Command command, uint64_t number, std::string_view data) {
    return {static_cast<int32_t>(command), static_cast<int32_t>(data.size()), number};
}

/// Texts travel with a NUL at the end.
std::string without_nul(std::string text) {
    text.resize(std::min(text.find('\0'), text.size()));
    return text;
}

Clock::time_point end_after(std::optional<std::chrono::milliseconds> timeout) {
    constexpr auto for_ever = std::chrono::hours(24 * 365 * 10);
    return Clock::now() + (timeout ? std::min<std::chrono::milliseconds>(*timeout, for_ever) : for_ever);
}

}  // namespace

CommandClient::CommandClient(std::string lxcpath, std::string name, std::chrono::milliseconds deadline)
    : lxcpath_(std::move(lxcpath)), name_(std::move(name)), deadline_(deadline) {}

std::optional<Response> CommandClient::call(Command command, uint64_t number, std::string_view data, bool keep) {
    return call_until(end_after(deadline_), command, number, data, keep);
}

std::optional<Response> CommandClient::call_until(Clock::time_point end, Command command, uint64_t number,
                                                  std::string_view data, bool keep) {
    // A monitor that ends hangs up, and so does one that has no memory for us; who asks again learns which of the two it was.
    for (int attempt = 0; attempt < 3; ++attempt) {
        Connection connection(command_address(lxcpath_, name_), end);
        if (!connection.open()) return std::nullopt;
        connection.check_owner(lxcpath_);
        Response response;
        if (!converse(connection, header_for(command, number, data), data, response)) continue;
        if (keep) response.connection = connection.take();
        return response;
    }
    throw Error(ECONNRESET, name_, "the monitor hangs up instead of answering:", "see its log, if lxc.log.file is set");
}

State CommandClient::state() {
    const auto response = call(Command::get_state);
    if (!response) return State::stopped;
    if (response->result < 0) throw Error(-response->result, name_, "ask for the state of");
    return static_cast<State>(response->number);
}

std::optional<pid_t> CommandClient::init_pid() {
    const auto response = call(Command::get_init_pid);
    if (!response) return std::nullopt;
    if (response->result < 0) throw Error(-response->result, name_, "ask for the init of");
    const auto pid = static_cast<pid_t>(response->number);
    return pid > 0 ? std::optional(pid) : std::nullopt;
}

std::optional<std::string> CommandClient::config_item(const std::string& key) {
    const auto response = call(Command::get_config_item, 0, std::string_view(key.c_str(), key.size() + 1));
    if (!response || response->result < 0) return std::nullopt;
    return without_nul(response->data);
}

namespace {

StateWishes wishes_for(const std::vector<State>& wanted) {
    StateWishes wishes{};
    for (const State state : wanted) wishes.wanted[static_cast<size_t>(state)] = 1;
    return wishes;
}

}  // namespace

std::optional<State> CommandClient::wait(const std::vector<State>& wanted,
                                         std::optional<std::chrono::milliseconds> timeout) try {
    constexpr auto pause = std::chrono::milliseconds(20), least = std::chrono::milliseconds(1000);
    const auto end = end_after(timeout);
    // An answer takes a moment, also of who is asked with no time to wait.
    const auto end_of_answer = timeout ? std::max(end, end_after(least)) : end;
    const bool stopped_wanted = std::find(wanted.begin(), wanted.end(), State::stopped) != wanted.end();
    const auto stopped = stopped_wanted ? std::optional(State::stopped) : std::nullopt;
    const StateWishes wishes = wishes_for(wanted);
    const std::string_view data(reinterpret_cast<const char*>(&wishes), sizeof wishes);
    std::optional<Response> response;
    while (!(response = call_until(end_of_answer, Command::add_state_client, 0, data, true))) {
        if (stopped || Clock::now() + pause > end) return stopped;
        const timespec nap{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(pause).count()};
        ::nanosleep(&nap, nullptr);
    }
    if (response->result < 0) throw Error(-response->result, name_, "wait for");
    if (response->number != no_state) return static_cast<State>(response->number);
    if (timeout && timeout->count() <= 0) return std::nullopt;
    Connection connection(command_address(lxcpath_, name_), end, std::move(response->connection));
    StateMessage message{};
    if (connection.receive(&message, sizeof message) == sizeof message) return static_cast<State>(message.state);
    return stopped;
} catch (const Error& error) {
    if (error.code() != ETIMEDOUT) throw;
    return std::nullopt;
}

namespace {

/// "NAME" of "LXCPATH/NAME/command"; empty for other addresses.
std::string_view name_in(std::string_view address, std::string_view prefix) {
    constexpr std::string_view suffix = "/command";
    if (!address.starts_with(prefix) || !address.ends_with(suffix) || address.size() <= prefix.size() + suffix.size())
        return {};
    const auto name = address.substr(prefix.size(), address.size() - prefix.size() - suffix.size());
    return name.find('/') == std::string_view::npos ? name : std::string_view();
}

/// The socket behind a hashed address tells the name itself; empty if it is of another lxcpath or does not answer.
std::string ask_name(const std::string& address, const std::string& lxcpath) try {
    const auto ask = [&address, &lxcpath](Command command) {
        Connection connection(address, Clock::now() + std::chrono::seconds(1));
        Response response;
        if (!connection.open()) return std::string();
        connection.check_owner(lxcpath);
        const bool answered = converse(connection, header_for(command, 0, {}), {}, response);
        return answered && response.result >= 0 ? without_nul(response.data) : std::string();
    };
    if (ask(Command::get_lxcpath) != lxcpath) return {};
    const std::string name = ask(Command::get_name);
    return command_address(lxcpath, name) == address ? name : std::string();
} catch (const Error&) {
    return {};
}

/// "Num RefCount Protocol Flags Type St Inode Path" (proc(5)); flag 10000 is a socket that listens.
std::string_view listening_address(std::string_view line) {
    const auto fields = base::words(line);
    constexpr size_t flags = 3, path = 7;
    if (fields.size() <= path || fields[flags] != "00010000" || !fields[path].starts_with('@')) return {};
    return line.substr(static_cast<size_t>(fields[path].data() - line.data()) + 1);
}

}  // namespace

std::vector<std::string> listening(const std::string& lxcpath) {
    const std::string table = base::read_file("/proc/net/unix");
    const std::string prefix = lxcpath + "/";
    std::vector<std::string> names;
    for (const auto line : base::split(table, '\n')) {
        if (!line.ends_with("/command")) continue;
        const auto address = listening_address(line);
        if (const auto name = name_in(address, prefix); !name.empty())
            names.emplace_back(name);
        else if (!name_in(address, "lxc/").empty())
            names.push_back(ask_name(std::string(address), lxcpath));
    }
    std::erase(names, std::string());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace keelson::monitor
