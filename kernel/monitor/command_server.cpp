#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <keelson/sdk/error.hpp>
#include <kernel/base/log.hpp>
#include <kernel/monitor/command_server.hpp>

#include <algorithm>
#include <cstring>

namespace keelson::monitor {

namespace {

/// What is sent back: the header, its data, descriptors, and whether the connection lives on.
struct Answer {
    int32_t result = 0;
    uint64_t number = 0;
    std::string data;
    UniqueFd fd;           ///< owned, or
    int borrowed_fd = -1;  ///< borrowed
    bool silent = false;   ///< no answer, or a later one: else the connection ends when the container does
    bool kept = false;
};

Answer failure(int code) {
    Answer answer;
    answer.result = -code;
    return answer;
}

Answer silence() {
    Answer answer;
    answer.silent = true;
    return answer;
}

Answer number(uint64_t value) {
    Answer answer;
    answer.number = value;
    return answer;
}

/// Texts travel with a NUL at the end.
Answer text(std::string value) {
    Answer answer;
    answer.data = std::move(value);
    answer.data.push_back('\0');
    return answer;
}

Answer descriptor(int borrowed) {
    if (borrowed < 0) return failure(EBADF);
    Answer answer;
    answer.borrowed_fd = borrowed;
    return answer;
}

std::string text_of(const std::string& data) { return data.substr(0, data.find('\0')); }

template <typename Struct>
std::optional<Struct> struct_of(const std::string& data) {
    if (data.size() != sizeof(Struct)) return std::nullopt;
    Struct value;
    std::memcpy(&value, data.data(), sizeof value);
    return value;
}

/// Proxmox VE sends the seconds as data, and nothing in the number.
uint32_t timeout_of(const RequestHeader& request, const std::string& data) {
    return static_cast<uint32_t>(struct_of<uint64_t>(data).value_or(request.data));
}

struct Client {
    enum class Stage { reading, writing, waiting, deferred };
    Stage stage = Stage::reading;
    bool allowed = false;
    bool has_tty = false;
    bool kept = false;
    bool watched = false;
    uint64_t arrival = 0;  ///< counts up
    uint32_t wanted = 0;   ///< states, by bit
    std::string received;
    std::string unsent;

    uint32_t events() const { return stage == Stage::writing ? EPOLLOUT : EPOLLIN | EPOLLRDHUP; }
    void pack(base::Packer& packed) const;
    static Client unpack(base::Unpacker& packed);
};

void Client::pack(base::Packer& packed) const {
    packed.number(static_cast<int>(stage));
    for (const bool mark : {allowed, has_tty, kept}) packed.number(mark);
    packed.number(arrival);
    packed.number(wanted);
    packed.text(received);
    packed.text(unsent);
}

Client Client::unpack(base::Unpacker& packed) {
    Client client;
    client.stage = static_cast<Stage>(packed.number<int>());
    for (bool* mark : {&client.allowed, &client.has_tty, &client.kept}) *mark = packed.flag();
    client.arrival = packed.number<uint64_t>();
    client.wanted = packed.number<uint32_t>();
    client.received = packed.text();
    client.unsent = packed.text();
    return client;
}

}  // namespace

/// All connections. A client is its descriptor; it is gone as soon as `drop` was called.
struct CommandServer::Clients {
    Clients(UniqueFd socket, EventLoop& event_loop, CommandTarget& command_target)
        : listener(std::move(socket)), loop(event_loop), target(command_target) {
        loop.add(listener.get(), EPOLLIN, [this](uint32_t) { accept(); });
    }
    ~Clients() {
        stop_listening();
        while (!clients.empty()) drop(clients.begin()->first);
    }

    void stop_listening() {
        if (listener) loop.remove(listener.get());
        listener.reset();
    }
    void accept();
    std::vector<int> deferred() const;
    bool make_room(bool allowed, bool full);
    using Map = std::map<int, Client>;
    Map::iterator longest_silent();
    void greet(UniqueFd fd, bool allowed);
    void on_event(int fd, uint32_t events);
    void read(int fd, Client& client);
    bool complete(int fd, Client& client);
    void respond(int fd, Client& client, Answer answer);
    void flush(int fd, Client& client);
    void finish(int fd, Client& client);
    void drop(int fd);

    void watch(int fd, Client& client, uint32_t events);

    Answer carry_out(int fd, Client& client, const RequestHeader& request, const std::string& data);
    Answer dispatch(int fd, Client& client, const RequestHeader& request, const std::string& data);
    Answer state(bool and_init_pid) const;
    Answer give_tty(int fd, Client& client, int number);
    Answer freeze(int fd, const Client& client, bool frozen, uint32_t timeout_s);
    void answer_later(int fd, uint64_t arrival, int code);
    Answer add_state_client(Client& client, const std::string& data);
    Answer console_log(const std::string& data);
    void announce(State state);

    UniqueFd listener;
    EventLoop& loop;
    CommandTarget& target;
    Map clients;
    uint64_t arrivals = 0;
};

namespace {

/// Descriptors that clients leave to the monitor for its own work.
constexpr rlim_t reserved_fds = 64;
/// Connections of users who may not command anything: they wait for their refusal, and crowd out but each other.
constexpr size_t most_strangers = 16;

/// A client with such a descriptor has got one of the last: the kernel gives the lowest that is free.
bool is_reserved(int fd) {
    constexpr rlim_t most = 65536;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return static_cast<rlim_t>(fd) >= reserved_fds;
    const rlim_t free = limit.rlim_cur - std::min(limit.rlim_cur / 8, reserved_fds);
    return static_cast<rlim_t>(fd) >= std::min(free, most);
}

bool may_command(int fd) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return false;
    return peer.uid == 0 || (peer.uid == ::getuid() && peer.gid == ::getgid());
}

}  // namespace

void CommandServer::Clients::accept() {
    UniqueFd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd && (errno == EMFILE || errno == ENFILE)) make_room(true, true);
    if (!fd) return;
    const bool allowed = may_command(fd.get());
    if (!make_room(allowed, is_reserved(fd.get()))) return;
    greet(std::move(fd), allowed);
}

void CommandServer::Clients::greet(UniqueFd fd, bool allowed) {
    const int number = fd.get();
    try {
        Client& client = clients[number];
        fd.release();
        client.allowed = allowed;
        client.arrival = ++arrivals;
        // Most have asked by now, and are gone once they are answered.
        read(number, client);
        if (const auto left = clients.find(number); left != clients.end() && !left->second.watched)
            watch(number, left->second, EPOLLIN | EPOLLRDHUP);
    } catch (const std::exception& error) {
        drop(number);  // first: a message takes memory
        base::log_warn(cat("command client refused: ", error.what()));
    }
}

void CommandServer::Clients::watch(int fd, Client& client, uint32_t events) {
    if (client.watched) return loop.modify(fd, events);
    loop.add(fd, events, [this, fd](uint32_t happened) { on_event(fd, happened); });
    client.watched = true;
}

/// False: there is none. A stranger leaves first; then, for who may command, whoever has asked nothing for the longest.
bool CommandServer::Clients::make_room(bool allowed, bool full) {
    const auto is_stranger = [](const auto& entry) { return !entry.second.allowed; };
    const auto strangers = static_cast<size_t>(std::ranges::count_if(clients, is_stranger));
    const bool crowded = full || (!allowed && strangers >= most_strangers);
    if (!crowded) return true;
    const auto leaves =
        strangers > 0 ? std::ranges::find_if(clients, is_stranger) : (allowed ? longest_silent() : clients.end());
    if (leaves == clients.end()) return false;
    drop(leaves->first);
    return true;
}

CommandServer::Clients::Map::iterator CommandServer::Clients::longest_silent() {
    auto found = clients.end();
    for (auto at = clients.begin(); at != clients.end(); ++at) {
        if (at->second.stage != Client::Stage::reading) continue;
        if (found == clients.end() || at->second.arrival < found->second.arrival) found = at;
    }
    return found;
}

void CommandServer::Clients::on_event(int fd, uint32_t events) {
    const auto found = clients.find(fd);
    if (found == clients.end()) return;
    Client& client = found->second;
    try {
        if (client.stage == Client::Stage::writing && (events & EPOLLOUT)) return flush(fd, client);
        if (client.stage == Client::Stage::reading && (events & EPOLLIN)) return read(fd, client);
        const bool silent = client.stage == Client::Stage::waiting || client.stage == Client::Stage::deferred;
        if (silent && !(events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR))) {
            char ignored[256];
            if (::recv(fd, ignored, sizeof ignored, MSG_DONTWAIT) > 0) return;
        }
    } catch (const std::exception& error) {
        drop(fd);
        base::log_warn(cat("command client dropped: ", error.what()));
        return;
    }
    drop(fd);
}

void CommandServer::Clients::read(int fd, Client& client) {
    char part[1024];
    const ssize_t got = ::recv(fd, part, sizeof part, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return drop(fd);
    client.received.append(part, static_cast<size_t>(got));
    complete(fd, client);
}

/// Answers a request once all of it has come.
bool CommandServer::Clients::complete(int fd, Client& client) {
    if (client.received.size() < sizeof(RequestHeader)) return false;
    RequestHeader request{};
    std::memcpy(&request, client.received.data(), sizeof request);
    if (!client.allowed) return respond(fd, client, failure(EPERM)), true;
    if (request.data_length < 0 || request.data_length > maximum_request) return respond(fd, client, failure(EFBIG)), true;
    const auto length = static_cast<size_t>(request.data_length);
    if (client.received.size() < sizeof request + length) return false;
    const std::string data = client.received.substr(sizeof request, length);
    try {
        Answer answer = carry_out(fd, client, request, data);
        client.received = {};
        respond(fd, client, std::move(answer));
    } catch (const Deferred&) {
        client.stage = Client::Stage::deferred;
        loop.stop();
    }
    return true;
}

std::vector<int> CommandServer::Clients::deferred() const {
    std::vector<int> found;
    for (const auto& [fd, client] : clients)
        if (client.stage == Client::Stage::deferred) found.push_back(fd);
    return found;
}

void CommandServer::Clients::respond(int fd, Client& client, Answer answer) {
    client.kept = answer.kept;
    if (answer.silent) {
        client.stage = Client::Stage::waiting;
        return;
    }
    ResponseHeader header{answer.result, static_cast<int32_t>(answer.data.size()), answer.number};
    iovec part{.iov_base = &header, .iov_len = sizeof header};
    msghdr message{};
    message.msg_iov = &part, message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (const int passed = answer.fd ? answer.fd.get() : answer.borrowed_fd; passed >= 0) {
        message.msg_control = control, message.msg_controllen = sizeof control;
        cmsghdr* item = CMSG_FIRSTHDR(&message);
        item->cmsg_level = SOL_SOCKET, item->cmsg_type = SCM_RIGHTS, item->cmsg_len = CMSG_LEN(sizeof passed);
        std::memcpy(CMSG_DATA(item), &passed, sizeof passed);
    }
    // The first bytes of a connection always fit into its buffer, so they are not split.
    if (::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof header) return drop(fd);
    client.unsent = std::move(answer.data);
    flush(fd, client);
}

void CommandServer::Clients::flush(int fd, Client& client) {
    while (!client.unsent.empty()) {
        const ssize_t sent = ::send(fd, client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            client.stage = Client::Stage::writing;
            return watch(fd, client, EPOLLOUT);
        }
        if (sent < 0) return drop(fd);
        client.unsent.erase(0, static_cast<size_t>(sent));
    }
    finish(fd, client);
}

void CommandServer::Clients::finish(int fd, Client& client) {
    if (!client.kept) return drop(fd);
    client.unsent = {};
    if (client.stage == Client::Stage::writing) watch(fd, client, EPOLLIN | EPOLLRDHUP);
    client.stage = Client::Stage::waiting;
}

void CommandServer::Clients::drop(int fd) {
    const auto found = clients.find(fd);
    if (found == clients.end()) return;
    const bool has_tty = found->second.has_tty;
    clients.erase(found);
    loop.remove(fd);
    ::close(fd);
    if (has_tty) target.client_gone(fd);
}

Answer CommandServer::Clients::carry_out(int fd, Client& client, const RequestHeader& request, const std::string& data) try {
    return dispatch(fd, client, request, data);
} catch (const Error& error) {
    base::log_debug(cat("command ", request.command, " failed: ", error.what()));
    return failure(error.code() > 0 ? error.code() : EINVAL);
}

Answer CommandServer::Clients::dispatch(int fd, Client& client, const RequestHeader& request, const std::string& data) {
    switch (static_cast<Command>(request.command)) {
        case Command::get_tty_fd:
            return give_tty(fd, client, static_cast<int>(request.data));
        case Command::stop:
            target.stop();
            return silence();
        case Command::get_state:
            return state(request.data == with_init_pid);
        case Command::get_init_pid:
            return number(static_cast<uint64_t>(target.init_pid()));
        case Command::get_clone_flags:
            return number(target.clone_flags());
        case Command::get_cgroup:
        case Command::get_limit_cgroup:
            return text(target.cgroup_path(text_of(data)));
        case Command::get_config_item: {
            const std::string value = target.config_item(text_of(data));
            return value.empty() ? failure(EPERM) : text(value);  // EPERM is 1: LXC answers -1
        }
        case Command::get_name:
            return text(target.name());
        case Command::get_lxcpath:
            return text(target.lxcpath());
        case Command::add_state_client:
            return add_state_client(client, data);
        case Command::console_log:
            return console_log(data);
        case Command::serve_state_clients:
            if (request.data >= no_state) return failure(EINVAL);
            announce(static_cast<State>(request.data));
            return {};
        case Command::freeze:
        case Command::unfreeze:
            return freeze(fd, client, request.command == static_cast<int32_t>(Command::freeze), timeout_of(request, data));
        case Command::get_cgroup2_fd:
        case Command::get_limit_cgroup2_fd: {
            Answer answer;
            answer.fd = target.cgroup_fd({});
            return answer;
        }
        case Command::get_init_pidfd:
            return descriptor(target.init_pidfd());
        case Command::get_devpts_fd:
            return descriptor(target.devpts_fd());
        default:
            return failure(ENOSYS);
    }
}

Answer CommandServer::Clients::state(bool and_init_pid) const {
    const uint64_t pid = and_init_pid ? static_cast<uint32_t>(target.init_pid()) : 0;
    return number(static_cast<uint64_t>(target.state()) | pid << 32U);
}

Answer CommandServer::Clients::give_tty(int fd, Client& client, int wanted) {
    auto tty = target.take_tty(wanted, fd);
    if (!tty) return failure(EBADF);
    client.has_tty = true;
    Answer answer = number(static_cast<uint64_t>(tty->number));
    answer.fd = std::move(tty->master);
    answer.kept = true;
    return answer;
}

Answer CommandServer::Clients::freeze(int fd, const Client& client, bool frozen, uint32_t timeout_s) {
    const auto later = [this, fd, arrival = client.arrival](int code) { answer_later(fd, arrival, code); };
    return target.freeze(frozen, timeout_s, later) ? Answer() : silence();
}

/// To who has not gone meanwhile; its descriptor may be another client's by now.
void CommandServer::Clients::answer_later(int fd, uint64_t arrival, int code) {
    const auto found = clients.find(fd);
    if (found == clients.end() || found->second.arrival != arrival) return;
    respond(fd, found->second, code == 0 ? Answer() : failure(code));
}

Answer CommandServer::Clients::add_state_client(Client& client, const std::string& data) {
    const auto wishes = struct_of<StateWishes>(data);
    if (!wishes) return failure(EINVAL);
    const State present = target.state();
    const int32_t wish = wishes->wanted[static_cast<size_t>(present)];
    Answer answer = number(no_state);
    answer.result = static_cast<int32_t>(no_state);
    if (wish != 0 && wish != StateWishes::next_time) {
        answer.number = static_cast<uint64_t>(present);
        answer.result = static_cast<int32_t>(present);
        return answer;
    }
    for (size_t i = 0; i < std::size(wishes->wanted); ++i)
        if (wishes->wanted[i] != 0) client.wanted |= 1U << i;
    answer.kept = true;
    return answer;
}

Answer CommandServer::Clients::console_log(const std::string& data) {
    const auto request = struct_of<ConsoleLogRequest>(data);
    if (!request) return failure(EINVAL);
    Answer answer;
    answer.data = target.console_log(request->read != 0, request->clear != 0, request->maximum, request->write_logfile != 0);
    return answer;
}

void CommandServer::Clients::announce(State state) {
    StateMessage message{};
    const std::string name = target.name();
    std::memcpy(message.name, name.data(), std::min(name.size(), sizeof message.name - 1));
    message.state = static_cast<int32_t>(state);
    std::vector<int> told;
    for (const auto& [fd, client] : clients)
        if (client.wanted & (1U << static_cast<unsigned>(state))) told.push_back(fd);
    for (const int fd : told) {
        if (::send(fd, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) base::log_debug("a state client went away");
        drop(fd);
    }
}

void CommandServer::keep_those_who_wait_for(State state) {
    for (auto each = clients_->clients.begin(); each != clients_->clients.end();) {
        const auto& [fd, client] = *each++;
        if ((client.wanted & (1U << static_cast<unsigned>(state))) == 0) clients_->drop(fd);
    }
}

void CommandServer::stop_listening() { clients_->stop_listening(); }

UniqueFd CommandServer::take_address(const std::string& lxcpath, const std::string& name) {
    const std::string text = command_address(lxcpath, name);
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) throw Error::last("socket", text);
    const AbstractAddress address(text);
    if (::bind(socket.get(), address.get(), address.length()) < 0) throw Error::last("bind command socket", text);
    return socket;
}

UniqueFd CommandServer::listen(const std::string& lxcpath, const std::string& name) {
    UniqueFd socket = take_address(lxcpath, name);
    constexpr int queue = 100;
    if (::listen(socket.get(), queue) < 0) throw Error::last("listen on command socket", command_address(lxcpath, name));
    return socket;
}

CommandServer::CommandServer(UniqueFd listener, EventLoop& loop, CommandTarget& target)
    : clients_(std::make_unique<Clients>(std::move(listener), loop, target)) {}

CommandServer::CommandServer(base::Unpacker& packed, EventLoop& loop, CommandTarget& target)
    : CommandServer(packed.fd(), loop, target) {
    clients_->arrivals = packed.number<uint64_t>();
    for (auto left = packed.number<size_t>(); left > 0; --left) {
        const int fd = packed.fd().release();
        Client& client = clients_->clients[fd] = Client::unpack(packed);
        clients_->watch(fd, client, client.events());
    }
}

void CommandServer::pack(base::Packer& packed) const {
    packed.fd(clients_->listener.get());
    packed.number(clients_->arrivals);
    packed.number(clients_->clients.size());
    for (const auto& [fd, client] : clients_->clients) {
        packed.fd(fd);
        client.pack(packed);
    }
}

void CommandServer::answer_deferred() {
    for (const int fd : clients_->deferred()) {
        // Answering one may have ended another's connection.
        const auto found = clients_->clients.find(fd);
        if (found == clients_->clients.end()) continue;
        found->second.stage = Client::Stage::reading;
        clients_->complete(fd, found->second);
    }
}

void CommandServer::fail_deferred() {
    for (const int fd : clients_->deferred()) clients_->respond(fd, clients_->clients.at(fd), failure(EAGAIN));
}

CommandServer::~CommandServer() = default;

void CommandServer::announce(State state) { clients_->announce(state); }

}  // namespace keelson::monitor
