// The container's console and ttys on the monitor's side: relays, ring buffer, log file (lxc.console.*).
#pragma once

#include <kernel/base/packed.hpp>
#include <kernel/console/pty.hpp>
#include <kernel/console/settings.hpp>
#include <kernel/monitor/given_tty.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace keelson::monitor {
class EventLoop;
}

namespace keelson::console {

/// What lxc.console.*, lxc.tty.* ask for, held by the monitor.
class Console {
public:
    explicit Console(Settings settings = {});
    ~Console();

    /// [host] Stage pre-start: opens log file and peer (lxc.console.path), and the ptys when they come from the host's devpts.
    /// `foreground`: the caller's terminal becomes the peer.
    void prepare(bool foreground);
    /// Where the ptys come from: lxc.pty.max > 1 (console) or > 0 (ttys): the container's own devpts, made inside.
    bool console_from_container() const;
    bool ttys_from_container() const;
    unsigned tty_count() const;
    /// Ptys that the child made in the container's devpts and sent up.
    void adopt_console(UniqueFd master);
    void adopt_ttys(std::vector<UniqueFd> masters);
    /// Ptys made by `prepare`; peers are for the child. Empty when they come from the container.
    const Pty* host_console() const;
    const std::vector<Pty>& host_ttys() const;

    /// Running: relays between master, peer, buffer and log on the loop; raw mode for a foreground terminal.
    void attach(monitor::EventLoop& loop);
    /// The caller's terminal has another size (SIGWINCH).
    void window_changed() noexcept;
    /// Writes out what is left in the pty, leaves the loop, restores the caller's terminal. May be called twice.
    void close() noexcept;

    /// For the next program of this process, which `unpack`s it before `attach`.
    void pack(base::Packer& packed) const;
    void unpack(base::Unpacker& packed);
    /// False while a terminal is in raw mode: only this program knows how it was before.
    bool can_be_packed() const noexcept;

    /// lxc-console: tty number (-1: first free, 0: the console). Returns a duplicate of the master and the number; the slot is
    /// taken until `release`. No value: busy or none.
    using Given = monitor::GivenTty;
    std::optional<Given> give(int number, int client);
    void release(int client);

    /// Command CONSOLE_LOG. `write_logfile` appends what the buffer holds to the log file; `read` takes up to `maximum` bytes
    /// (0: all) out of the buffer, oldest first; then `clear` empties it. Throws EFAULT: no buffer, ENODATA: empty, ENOENT: no
    /// log file.
    std::string logged(bool read, bool clear, uint64_t maximum, bool write_logfile);

    std::string read_buffer(bool read, bool clear, uint64_t maximum);
    void write_buffer_to_log();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace keelson::console
