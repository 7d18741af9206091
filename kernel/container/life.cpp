#include <kernel/container/life.hpp>
#include <kernel/process/clone.hpp>

namespace keelson::container {
namespace {

Error lives_on(const std::string& name) {
    return {ETIMEDOUT, name, "does not die of lxc.signal.stop, which is SIGKILL where it is not set:",
            "if it is set, its init may ignore that signal; else a process may wait for a device or a network filesystem: see "
            "/proc/PID/stack of those in state D"};
}

}  // namespace

Life::Life(monitor::CommandClient client) : client_(std::move(client)), end_(client_.expect(monitor::State::stopped)) {}

bool Life::over() const { return !end_ || !end_->quiet(); }

bool Life::wait_until_over(std::optional<std::chrono::milliseconds> timeout) {
    return !end_ || client_.await(*end_, timeout).has_value();
}

UniqueFd Life::init_handle() {
    UniqueFd handle = client_.init_handle();
    return over() ? UniqueFd() : std::move(handle);  // it may be the next one's
}

/// A monitor answers by hanging up when it is done, which one that has no memory for us does as well.
void Life::kill() {
    constexpr int attempts = 3;
    constexpr std::chrono::seconds moment(1);
    const UniqueFd init = init_handle();
    const auto is_dead = [&init] { return init && process::wait_until_gone(init.get(), 0); };
    try {
        for (int attempt = 0; attempt < attempts && !is_dead(); ++attempt) {
            ask_to_stop();
            if (wait_until_over(moment)) return;
        }
    } catch (const Error& error) {
        if (error.code() != ETIMEDOUT) throw;
        if (init && !is_dead()) throw lives_on(client_.name());
    }
    if (init && !is_dead()) throw client_.hangs_up();
    wait_until_over(std::nullopt);
}

/// The next monitor may have the address a moment before the life is over.
void Life::ask_to_stop() {
    monitor::Connection connection = client_.connect();
    if (!connection || over() || connection.peer().pid != end_->peer().pid) return;
    monitor::Response response;
    if (connection.ask({static_cast<int32_t>(monitor::Command::stop), 0, 0}, {}) && connection.hear(response) &&
        response.result < 0)
        throw Error(-response.result, client_.name(), "the monitor could not stop the container");
}

}  // namespace keelson::container
