#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <kernel/console/pty.hpp>

namespace keelson::console {

namespace {

constexpr int as_terminal = O_RDWR | O_NOCTTY | O_CLOEXEC;

/// Nothing that root inside has mounted over the name: to open that could take forever.
UniqueFd open_multiplexer_in(int devpts) {
    open_how how{};
    how.flags = as_terminal;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
    UniqueFd master(static_cast<int>(::syscall(SYS_openat2, devpts, "ptmx", &how, sizeof how)));
    if (!master && errno == ENOSYS) master.reset(::openat(devpts, "ptmx", as_terminal));  // before Linux 5.6
    return master;
}

}  // namespace

Pty open_pty(int devpts) {
    const std::string path = devpts >= 0 ? "ptmx" : "/dev/ptmx";
    Pty pty;
    pty.master = devpts >= 0 ? open_multiplexer_in(devpts) : UniqueFd(::open(path.c_str(), as_terminal));
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
