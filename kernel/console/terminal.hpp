// The person's side of a terminal: lxc-console and lxc-attach with a pty.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <memory>
#include <optional>

namespace keelson::console {

/// Raw mode while it lives (cfmakeraw of tcgetattr(3)); restores at the end, also after signals that end the program. Nothing
/// happens when the descriptor (borrowed) is no terminal. At most one at a time.
class RawTerminal {
public:
    explicit RawTerminal(int fd);
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;

private:
    struct Saved;
    std::unique_ptr<Saved> saved_;
};

struct ProxyOptions {
    int input = 0;  ///< -1: none
    int output = 1;
    /// Prefix key (1..26 for Ctrl-a..z); none: no escape. Prefix q leaves, prefix prefix sends the prefix itself,
    /// before any other key the prefix is sent too.
    std::optional<int> escape;
    /// Copy of the output (lxc-attach -L), or -1. Borrowed.
    int log = -1;
    /// Ends the proxy when readable (a pidfd, a connection); -1: none. Borrowed.
    int until = -1;
};

/// Relays between the person's terminal and a pty master (made non-blocking), follows window size changes, until end of file,
/// escape, SIGTERM, SIGHUP or `until`. After `until`, output that is still in the pty is written first. One thread only:
/// signals are blocked meanwhile. Signals that were ignored stay so. Returns the signal that ended it, SIGHUP also when the
/// person's terminal has gone; else 0.
int proxy(int master, const ProxyOptions& options);

}  // namespace keelson::console
