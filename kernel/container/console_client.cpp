// lxc-console: a person at a tty of a running container.
#include <kernel/console/terminal.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/session.hpp>
#include <kernel/monitor/command_client.hpp>

#include <signal.h>
#include <unistd.h>

namespace keelson::container {

int Container::console(int tty, std::optional<int> escape, const std::function<void(int)>& connected) {
    if (::isatty(0) == 0) throw Error(ENOTTY, "stdin", "a console needs a terminal");
    const auto wanted = static_cast<uint64_t>(static_cast<int64_t>(tty));
    std::optional<monitor::Response> response =
        monitor::CommandClient(lxcpath_, name_).call(monitor::Command::get_tty_fd, wanted, {}, true);
    if (!response) throw not_running(*this);
    if (response->result != 0 || response->fds.empty()) {
        throw Error(EBUSY, cat(name_, tty < 0 ? "" : cat(" tty ", tty)), "no such tty, or it is in use",
                    "lxc.tty.max says how many ttys the container has");
    }
    connected(static_cast<int>(response->number));
    const console::RawTerminal raw(0);
    const int signal = console::proxy(response->fds.front().get(), {0, 1, escape, -1, response->connection.get()});
    return signal == SIGHUP ? 128 + signal : 0;
}

}  // namespace keelson::container
