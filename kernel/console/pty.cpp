#include <fcntl.h>
#include <sys/ioctl.h>
#include <keelson/sdk/error.hpp>
#include <kernel/console/pty.hpp>

namespace keelson::console {

Pty open_pty(int devpts) {
    const std::string path = devpts >= 0 ? "ptmx" : "/dev/ptmx";
    Pty pty;
    pty.master.reset(::openat(devpts >= 0 ? devpts : AT_FDCWD, path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!pty.master) throw Error::last("open", path, "is devpts mounted there, and is its max= not reached?");
    constexpr int unlocked = 0;
    if (::ioctl(pty.master.get(), TIOCSPTLCK, &unlocked) < 0) throw Error::last("unlock a pty of", path);
    if (::ioctl(pty.master.get(), TIOCGPTN, &pty.number) < 0) throw Error::last("ask for the number of a pty of", path);
    pty.peer = open_peer(pty.master.get());
    return pty;
}

UniqueFd open_peer(int master) {
    UniqueFd peer(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!peer) throw Error::last("open the peer of a pty", {});
    return peer;
}

void copy_window_size(int from, int to) noexcept {
    winsize size{};
    if (::ioctl(from, TIOCGWINSZ, &size) == 0) ::ioctl(to, TIOCSWINSZ, &size);
}

}  // namespace keelson::console
