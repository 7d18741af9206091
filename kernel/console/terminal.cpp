#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <keelson/sdk/error.hpp>
#include <kernel/console/pty.hpp>
#include <kernel/console/terminal.hpp>

#include <array>
#include <csignal>
#include <string>
#include <string_view>

namespace keelson::console {

struct RawTerminal::Saved {
    int fd;
    termios attributes;
    static constexpr std::array<int, 4> signals = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
    std::array<struct sigaction, 4> actions;

    static Saved* only;
    /// Restores, then ends as the signal would have.
    static void on_signal(int number) {
        if (only) ::tcsetattr(only->fd, TCSANOW, &only->attributes);
        struct sigaction fatal {};
        fatal.sa_handler = SIG_DFL;
        ::sigaction(number, &fatal, nullptr);
        ::raise(number);
    }
};

RawTerminal::Saved* RawTerminal::Saved::only = nullptr;

RawTerminal::RawTerminal(int fd) {
    termios attributes{};
    if (::tcgetattr(fd, &attributes) < 0) return;
    saved_ = std::make_unique<Saved>(Saved{fd, attributes, {}});
    Saved::only = saved_.get();
    for (size_t i = 0; i < Saved::signals.size(); ++i) {
        struct sigaction action {};
        action.sa_handler = Saved::on_signal;
        ::sigaction(Saved::signals[i], &action, &saved_->actions[i]);
        // What was ignored (nohup) stays so.
        if (saved_->actions[i].sa_handler == SIG_IGN) ::sigaction(Saved::signals[i], &saved_->actions[i], nullptr);
    }
    ::cfmakeraw(&attributes);
    attributes.c_cc[VMIN] = 1;
    attributes.c_cc[VTIME] = 0;
    // What was typed already is for the other end.
    if (::tcsetattr(fd, TCSADRAIN, &attributes) < 0)
        throw Error::last("set terminal to raw mode, descriptor", std::to_string(fd));
}

RawTerminal::~RawTerminal() {
    if (!saved_) return;
    ::tcsetattr(saved_->fd, TCSADRAIN, &saved_->attributes);
    for (size_t i = 0; i < Saved::signals.size(); ++i) ::sigaction(Saved::signals[i], &saved_->actions[i], nullptr);
    Saved::only = nullptr;
}

namespace {

/// Signals come by descriptor while it lives.
class SignalGuard {
public:
    SignalGuard() {
        sigset_t set;
        ::sigemptyset(&set);
        for (const int number : {SIGWINCH, SIGTERM, SIGHUP})
            if (!is_ignored(number)) ::sigaddset(&set, number);
        ::pthread_sigmask(SIG_BLOCK, &set, &old_);
        fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    ~SignalGuard() { ::pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
    SignalGuard(const SignalGuard&) = delete;

    int fd() const { return fd_.get(); }
    /// 0: none.
    int next() const {
        signalfd_siginfo info{};
        return ::read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
    }

private:
    /// A descriptor would bring such a one too.
    static bool is_ignored(int number) {
        struct sigaction action {};
        return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
    }

    sigset_t old_{};
    UniqueFd fd_;
};

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written > 0) {
            text.remove_prefix(static_cast<size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
            ::poll(&entry, 1, -1);
        } else if (errno != EINTR) {
            throw Error::last("write to terminal, descriptor", std::to_string(fd));
        }
    }
}

class Proxy {
public:
    Proxy(int master, const ProxyOptions& options)
        : master_(master),
          options_(options),
          input_(options.input),
          terminal_(::isatty(options.input) ? options.input : options.output) {
        ::fcntl(master, F_SETFL, ::fcntl(master, F_GETFL) | O_NONBLOCK);
        copy_window_size(terminal_, master_);
    }

    int run() {
        while (!done_) step();
        if (!left_) read_rest();
        return signal_;
    }

private:
    static constexpr size_t part = 4096;
    /// The kernel keeps less of what was written to a pty and not read yet.
    static constexpr size_t most_kept = 65536;

    void step() {
        enum { from_master, from_input, from_signal, from_until };
        const bool blocked = !pending_.empty();
        std::array<pollfd, 4> entries = {{
            {.fd = master_, .events = static_cast<short>(POLLIN | (blocked ? POLLOUT : 0)), .revents = 0},
            {.fd = blocked ? -1 : input_, .events = POLLIN, .revents = 0},
            {.fd = signals_.fd(), .events = POLLIN, .revents = 0},
            {.fd = options_.until, .events = POLLIN, .revents = 0},
        }};
        if (::poll(entries.data(), entries.size(), -1) < 0) {
            if (errno == EINTR) return;
            throw Error::last("poll", {});
        }
        if (entries[from_master].revents & POLLOUT) write_master();
        if (entries[from_master].revents & (POLLIN | POLLHUP | POLLERR) && read_master() == 0 && !would_block_) done_ = true;
        if (entries[from_input].revents) read_input();
        if (entries[from_signal].revents) take_signals();
        if (entries[from_until].revents) done_ = true;
    }

    /// What was written before the end. Who goes on writing, as others inside may, is not waited for.
    void read_rest() {
        size_t got = 0;
        for (size_t total = 0; total < most_kept && (got = read_master()) > 0;) total += got;
    }

    /// How much; 0: nothing more now (`would_block_`) or ever.
    size_t read_master() {
        char buffer[part];
        const ssize_t got = ::read(master_, buffer, sizeof buffer);
        would_block_ = got < 0 && (errno == EAGAIN || errno == EINTR);
        if (got <= 0) return 0;
        const std::string_view text(buffer, static_cast<size_t>(got));
        show(text);
        if (options_.log >= 0) write_all(options_.log, text);
        return text.size();
    }

    void show(std::string_view text) {
        try {
            write_all(options_.output, text);
        } catch (const Error& error) {
            if (error.code() != EIO) throw;
            interrupt(SIGHUP);  // the terminal has gone
        }
    }

    void leave() { done_ = left_ = true; }

    void interrupt(int signal) {
        leave();
        if (signal_ == 0) signal_ = signal;
    }

    void read_input() {
        char buffer[part];
        const ssize_t got = ::read(input_, buffer, sizeof buffer);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return end_input();
        for (const char key : std::string_view(buffer, static_cast<size_t>(got)))
            if (!take_key(key)) {
                leave();
                break;
            }
        write_master();
    }

    /// A terminal that hung up ends the session, the end of a file is only no more input.
    void end_input() {
        if (terminal_ == input_) interrupt(SIGHUP);
        input_ = -1;
    }

    /// False: leave.
    bool take_key(char key) {
        const bool is_prefix = options_.escape && key == static_cast<char>(*options_.escape);
        if (!after_prefix_) {
            after_prefix_ = is_prefix;
            if (!is_prefix) pending_ += key;
            return true;
        }
        after_prefix_ = false;
        if (key == 'q') return false;
        if (!is_prefix) pending_ += static_cast<char>(*options_.escape);
        pending_ += key;
        return true;
    }

    /// What does not fit is kept, and no more is read from the person until it has gone: the program inside may wait for us to
    /// read its output first.
    void write_master() {
        while (!pending_.empty()) {
            const ssize_t written = ::write(master_, pending_.data(), pending_.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0 && errno == EAGAIN) return;
            if (written < 0) return pending_.clear();
            pending_.erase(0, static_cast<size_t>(written));
        }
    }

    void take_signals() {
        while (const int number = signals_.next()) {
            if (number == SIGWINCH)
                copy_window_size(terminal_, master_);
            else
                interrupt(number);
        }
    }

    int master_;
    ProxyOptions options_;
    int input_, terminal_;
    SignalGuard signals_;
    std::string pending_;
    bool after_prefix_ = false, would_block_ = false, done_ = false;
    bool left_ = false;  ///< the person, not the other side, has ended it
    int signal_ = 0;
};

}  // namespace

int proxy(int master, const ProxyOptions& options) { return Proxy(master, options).run(); }

}  // namespace keelson::console
