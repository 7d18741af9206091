#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <termios.h>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/second_try.hpp>
#include <kernel/console/console.hpp>
#include <kernel/console/log_file.hpp>
#include <kernel/console/ring_buffer.hpp>
#include <kernel/console/terminal.hpp>
#include <kernel/monitor/event_loop.hpp>

#include <algorithm>
#include <map>

namespace keelson::console {

namespace {

constexpr size_t part = 4096;

/// Somebody who sees the console's output and types its input: the caller's terminal, a configured device, an lxc-console.
struct Peer {
    UniqueFd fd;
    std::string unsent;   ///< output that it was too slow for
    bool patient = true;  ///< the console waits for it; else it loses what it does not take
    bool watched = false;
    bool alive() const { return static_cast<bool>(fd); }
};

/// A relay must never stop the monitor.
void set_nonblocking(int fd) {
    base::with_second_try([fd] {
        const int flags = ::fcntl(fd, F_GETFL);
        if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) throw Error::last("make a pty non-blocking", {});
    });
}

UniqueFd open_peer_path(const std::string& path) {
    return base::open_file(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_APPEND | O_CREAT, 0600);
}

/// False: `body` failed, which is in the log.
template <typename Body>
bool guard(const char* consequence, const Body& body) {
    try {
        body();
        return true;
    } catch (const std::exception& error) {
        base::log_error(cat(consequence, ": ", error.what()));
        return false;
    }
}

void set_raw(int fd) {
    termios attributes{};
    if (::tcgetattr(fd, &attributes) < 0) throw Error::last("ask for the modes of a pty", {});
    ::cfmakeraw(&attributes);
    if (::tcsetattr(fd, TCSANOW, &attributes) < 0) throw Error::last("set a pty to raw mode", {});
}

}  // namespace

struct Console::State {
    explicit State(Settings from) : settings(std::move(from)), wanted(settings.path != "none"), buffer(settings.buffer_size) {}

    void write_out(std::string_view text);
    void send(Peer& peer, std::string_view text);
    bool read_master();
    void on_master(uint32_t events);
    void on_peer(Peer& peer, uint32_t events);
    void flush_peer(Peer& peer);
    void write_input();
    void watch(Peer& peer);
    void unwatch(Peer& peer);
    void lose(Peer& peer);
    void update_interest();
    std::optional<Given> give_console(int client);
    std::optional<Given> give_tty(int number, int client);
    bool taken(int number) const {
        return std::any_of(clients.begin(), clients.end(), [number](const auto& entry) { return entry.second == number; });
    }
    void drain() noexcept;

    const Settings settings;
    const bool wanted;
    Pty pty;
    bool adopted = false;  ///< the console's pty is the container's
    std::vector<Pty> ttys;
    Peer main, guest;
    std::unique_ptr<RawTerminal> raw;
    RingBuffer buffer;
    LogFile log;
    std::string input;           ///< typed, not yet taken by the container
    std::map<int, int> clients;  ///< client -> tty number
    monitor::EventLoop* loop = nullptr;
};

Console::Console(Settings settings) : state_(std::make_unique<State>(std::move(settings))) {}
Console::~Console() { close(); }

bool Console::console_from_container() const { return state_->wanted && state_->settings.most_ptys > 1; }
bool Console::ttys_from_container() const { return tty_count() > 0 && state_->settings.most_ptys > 0; }
unsigned Console::tty_count() const { return state_->settings.ttys; }

void Console::prepare(bool foreground) {
    State& state = *state_;
    if (!ttys_from_container())
        for (unsigned i = 0; i < tty_count(); ++i) state.ttys.push_back(open_pty());
    if (!state.wanted) return;
    const Settings& wanted = state.settings;
    if (!wanted.log_file.empty()) state.log = LogFile(wanted.log_file, wanted.log_size, wanted.log_rotates);
    if (!wanted.path.empty())
        state.main.fd = open_peer_path(wanted.path);
    else if (foreground)  // a description of our own, so that the caller's keeps its flags; none without a terminal
        state.main.fd.reset(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (!console_from_container()) state.pty = open_pty();
}

void Console::adopt_console(UniqueFd master) {
    // Our own peer keeps the pty from hanging up whenever the container has closed its last one.
    state_->pty.peer = open_peer(master.get());
    state_->pty.master = std::move(master);
    state_->adopted = true;
}

void Console::adopt_ttys(std::vector<UniqueFd> masters) {
    state_->ttys.clear();
    for (auto& master : masters) {
        Pty pty;
        pty.peer = open_peer(master.get());
        pty.master = std::move(master);
        state_->ttys.push_back(std::move(pty));
    }
}

const Pty* Console::host_console() const { return state_->pty.master && !state_->adopted ? &state_->pty : nullptr; }
const std::vector<Pty>& Console::host_ttys() const { return state_->ttys; }

namespace {

void pack(base::Packer& packed, const Pty& pty) {
    packed.fd(pty.master.get());
    packed.fd(pty.peer.get());
    packed.number(pty.number);
}

Pty unpack_pty(base::Unpacker& packed) {
    Pty pty;
    pty.master = packed.fd();
    pty.peer = packed.fd();
    pty.number = packed.number<int>();
    return pty;
}

void pack(base::Packer& packed, const Peer& peer) {
    packed.fd(peer.fd.get());
    packed.text(peer.unsent);
    packed.number(peer.patient);
}

Peer unpack_peer(base::Unpacker& packed) {
    Peer peer;
    peer.fd = packed.fd();
    peer.unsent = packed.text();
    peer.patient = packed.flag();
    return peer;
}

}  // namespace

void Console::pack(base::Packer& packed) const {
    const State& state = *state_;
    console::pack(packed, state.pty);
    packed.number(state.adopted);
    packed.number(state.ttys.size());
    for (const Pty& tty : state.ttys) console::pack(packed, tty);
    console::pack(packed, state.main);
    console::pack(packed, state.guest);
    packed.number(state.buffer.capacity());
    packed.text(state.buffer.peek(state.buffer.size()));
    state.log.pack(packed);
    packed.text(state.input);
    packed.number(state.clients.size());
    for (const auto& [client, number] : state.clients) {
        packed.number(client);
        packed.number(number);
    }
}

void Console::unpack(base::Unpacker& packed) {
    State& state = *state_;
    state.pty = unpack_pty(packed);
    state.adopted = packed.flag();
    state.ttys.clear();
    for (auto left = packed.number<size_t>(); left > 0; --left) state.ttys.push_back(unpack_pty(packed));
    state.main = unpack_peer(packed);
    state.guest = unpack_peer(packed);
    state.buffer = RingBuffer(packed.number<size_t>());
    state.buffer.write(packed.text());
    state.log = LogFile(packed);
    state.input = packed.text();
    for (auto left = packed.number<size_t>(); left > 0; --left) {
        const int client = packed.number<int>();
        state.clients[client] = packed.number<int>();
    }
}

bool Console::can_be_packed() const noexcept { return state_->raw == nullptr; }

void Console::attach(monitor::EventLoop& loop) {
    State& state = *state_;
    if (!state.pty.master) return;
    set_nonblocking(state.pty.master.get());
    loop.add(state.pty.master.get(), EPOLLIN,
             [&state](uint32_t events) { guard("the console loses output", [&] { state.on_master(events); }); });
    state.loop = &loop;
    if (state.main.alive()) {
        window_changed();
        if (::isatty(state.main.fd.get())) state.raw = std::make_unique<RawTerminal>(state.main.fd.get());
        state.watch(state.main);
    }
    if (state.guest.alive()) state.watch(state.guest);
    state.update_interest();
}

void Console::window_changed() noexcept {
    if (state_->main.alive() && state_->pty.master) copy_window_size(state_->main.fd.get(), state_->pty.master.get());
}

void Console::close() noexcept {
    State& state = *state_;
    if (state.loop) {
        state.drain();
        state.unwatch(state.main);
        state.unwatch(state.guest);
        state.loop->remove(state.pty.master.get());
        state.loop = nullptr;
    }
    state.raw.reset();
    state.main = {};
    state.guest = {};
    state.pty = {};
    state.ttys.clear();
}

void Console::State::watch(Peer& peer) try {
    loop->add(peer.fd.get(), EPOLLIN, [this, &peer](uint32_t events) {
        if (!guard("the console's other end is closed", [&] { on_peer(peer, events); })) lose(peer);
    });
    peer.watched = true;
} catch (const Error& error) {
    if (error.code() != EPERM) throw;  // epoll_ctl(2): a plain file, which never has input
}

void Console::State::unwatch(Peer& peer) {
    if (peer.watched) loop->remove(peer.fd.get());
    peer.watched = false;
}

void Console::State::lose(Peer& peer) {
    unwatch(peer);
    if (&peer == &main) raw.reset();
    peer.fd.reset();
    peer.unsent.clear();
    update_interest();
}

/// Reads from the container only while everybody keeps up, and from the peers only while the container does.
void Console::State::update_interest() {
    if (!loop) return;
    const bool held = main.alive() && !main.unsent.empty();
    loop->modify(pty.master.get(), (held ? 0U : EPOLLIN) | (input.empty() ? 0U : EPOLLOUT));
    for (Peer* peer : {&main, &guest})
        if (peer->watched)
            loop->modify(peer->fd.get(), (input.empty() ? EPOLLIN : 0U) | (peer->unsent.empty() ? 0U : EPOLLOUT));
}

void Console::State::on_master(uint32_t events) {
    if (events & EPOLLOUT) write_input();
    if (events & EPOLLIN) read_master();
    if ((events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN)) loop->modify(pty.master.get(), 0);
    update_interest();
}

bool Console::State::read_master() {
    char bytes[part];
    const ssize_t got = ::read(pty.master.get(), bytes, sizeof bytes);
    if (got <= 0) return false;
    write_out({bytes, static_cast<size_t>(got)});
    return true;
}

void Console::State::write_out(std::string_view text) {
    buffer.write(text);
    log.write(text);
    send(main, text);
    send(guest, text);
}

void Console::State::send(Peer& peer, std::string_view text) {
    if (!peer.alive()) return;
    if (peer.unsent.empty()) {
        const ssize_t sent = ::write(peer.fd.get(), text.data(), text.size());
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return lose(peer);
        text.remove_prefix(static_cast<size_t>(std::max<ssize_t>(sent, 0)));
    }
    if (peer.patient && peer.watched) peer.unsent += text;
}

void Console::State::on_peer(Peer& peer, uint32_t events) {
    if (events & EPOLLOUT) flush_peer(peer);
    if (events & EPOLLIN) {
        char bytes[part];
        const ssize_t got = ::read(peer.fd.get(), bytes, sizeof bytes);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return lose(peer);
        if (got > 0) input.append(bytes, static_cast<size_t>(got));
        if (&peer == &guest) copy_window_size(guest.fd.get(), pty.master.get());
        write_input();
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        return lose(peer);
    }
    update_interest();
}

void Console::State::flush_peer(Peer& peer) {
    const ssize_t sent = ::write(peer.fd.get(), peer.unsent.data(), peer.unsent.size());
    if (sent > 0) peer.unsent.erase(0, static_cast<size_t>(sent));
    if (peer.unsent.empty()) peer.unsent.shrink_to_fit();
}

void Console::State::write_input() {
    const ssize_t taken = ::write(pty.master.get(), input.data(), input.size());
    if (taken > 0) input.erase(0, static_cast<size_t>(taken));
    if (taken < 0 && errno != EAGAIN && errno != EINTR) input.clear();
}

/// The container has ended: what it printed last still goes out, to a terminal that moves within a moment.
void Console::State::drain() noexcept try {
    constexpr int patience_ms = 200;
    do {
        while (main.alive() && !main.unsent.empty()) {
            pollfd entry{.fd = main.fd.get(), .events = POLLOUT, .revents = 0};
            if (::poll(&entry, 1, patience_ms) <= 0 || !(entry.revents & POLLOUT)) return;
            flush_peer(main);
        }
    } while (read_master());
} catch (const std::exception& error) {
    base::log_warn(cat("the console's last output is lost: ", error.what()));
}

std::optional<Console::Given> Console::give(int number, int client) {
    return number == 0 ? state_->give_console(client) : state_->give_tty(number, client);
}

/// The client gets a pty of its own, because two readers of one master would each see half.
std::optional<Console::Given> Console::State::give_console(int client) {
    if (!loop || taken(0)) return std::nullopt;
    Pty between = open_pty();
    set_raw(between.peer.get());
    set_nonblocking(between.peer.get());
    guest.fd = std::move(between.peer);
    guest.patient = false;
    watch(guest);
    clients[client] = 0;
    return Given{std::move(between.master), 0};
}

std::optional<Console::Given> Console::State::give_tty(int number, int client) {
    const int count = static_cast<int>(ttys.size());
    if (number < 0)
        for (number = 1; number <= count && taken(number);) ++number;
    if (number > count || taken(number)) return std::nullopt;
    UniqueFd master(::fcntl(ttys[static_cast<size_t>(number) - 1].master.get(), F_DUPFD_CLOEXEC, 3));
    if (!master) throw Error::last("duplicate the master of tty", std::to_string(number));
    clients[client] = number;
    return Given{std::move(master), number};
}

void Console::release(int client) {
    const auto found = state_->clients.find(client);
    if (found == state_->clients.end()) return;
    const int number = found->second;
    state_->clients.erase(found);
    if (number == 0 && state_->loop) state_->lose(state_->guest);
}

std::string Console::logged(bool read, bool clear, uint64_t maximum, bool write_logfile) {
    if (write_logfile) write_buffer_to_log();
    return read || clear ? read_buffer(read, clear, maximum) : std::string();
}

std::string Console::read_buffer(bool read, bool clear, uint64_t maximum) {
    RingBuffer& buffer = state_->buffer;
    if (buffer.capacity() == 0)
        throw Error(EFAULT, "lxc.console.buffer.size", "read the console's buffer without", "set it to a size, or to auto");
    if (buffer.size() == 0) throw Error(ENODATA, {}, "read the console's buffer");
    std::string text = buffer.peek(!read ? 0 : maximum == 0 ? buffer.size() : maximum);
    buffer.discard(clear ? buffer.size() : text.size());
    return text;
}

void Console::write_buffer_to_log() {
    const RingBuffer& buffer = state_->buffer;
    if (buffer.capacity() == 0) throw Error(EFAULT, "lxc.console.buffer.size", "write the console's buffer to the log without");
    if (buffer.size() == 0) throw Error(ENODATA, {}, "write the console's buffer to the log");
    if (!state_->log) throw Error(ENOENT, "lxc.console.logfile", "write the console's buffer to the log without");
    state_->log.write(buffer.peek(buffer.size()));
}

}  // namespace keelson::console
