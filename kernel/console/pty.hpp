// Pseudo terminals (pty(7)).
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <string>

namespace keelson::console {

struct Pty {
    UniqueFd master;
    UniqueFd peer;
    int number = -1;
};

/// A pty from the devpts whose root directory this is (the container's own), or from the host's when -1. Throws.
Pty open_pty(int devpts_borrowed = -1);
/// The other end, by descriptor (TIOCGPTPEER of ioctl_tty(2)): whatever stands at its path now does not matter. Throws.
UniqueFd open_peer(int master);
/// Copies the window size.
void copy_window_size(int from, int to) noexcept;

}  // namespace keelson::console
