#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/session.hpp>
#include <kernel/monitor/command_client.hpp>
#include <kernel/process/clone.hpp>

#include <signal.h>

#include <algorithm>

namespace keelson::container {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> in_milliseconds(std::optional<std::chrono::seconds> timeout) {
    return timeout ? std::optional<milliseconds>(*timeout) : std::nullopt;
}

/// systemd blocks SIGRTMIN+3 and waits for it; other inits know SIGPWR. SigBlk of proc(5) tells.
int halt_signal(const config::Config& config, pid_t init) {
    const int systemd = SIGRTMIN + 3;
    const std::string status = base::read_file(cat("/proc/", init, "/status"));
    const size_t at = status.find("SigBlk:");
    const uint64_t blocked = at == std::string::npos ? 0 : ::strtoull(status.c_str() + at + 7, nullptr, 16);
    return config.signal("lxc.signal.halt", (blocked >> (systemd - 1) & 1) != 0 ? systemd : SIGPWR);
}

}  // namespace

bool Container::shutdown(std::optional<std::chrono::seconds> timeout) {
    const std::optional<pid_t> init = init_pid();
    const UniqueFd handle = monitor::CommandClient(lxcpath_, name_).init_handle();
    if (!init || !handle) return true;
    try {
        process::send_signal(handle.get(), halt_signal(config(), *init));
    } catch (const Error& error) {
        if (error.code() != ESRCH && error.code() != ENOENT) throw;  // it has just ended by itself
    }
    if (timeout && timeout->count() == 0) return true;
    return wait({monitor::State::stopped}, in_milliseconds(timeout));
}

void Container::kill() {
    monitor::CommandClient client(lxcpath_, name_, std::chrono::minutes(1));
    const UniqueFd init = client.init_handle();
    try {
        // The answer is that the connection ends, after the stop hooks.
        const std::optional<monitor::Response> response = client.call(monitor::Command::stop);
        if (response && response->result < 0) throw Error(-response->result, name_, "the monitor could not stop the container");
    } catch (const Error& error) {
        if (error.code() != ETIMEDOUT) throw;
        if (init && !process::wait_until_gone(init.get(), 0)) throw process::does_not_die(name_);
    }
    wait({monitor::State::stopped}, std::nullopt);
}

bool Container::reboot(std::optional<std::chrono::seconds> timeout) {
    const UniqueFd handle = monitor::CommandClient(lxcpath_, name_).init_handle();
    if (!handle) throw not_running(*this);
    const int signal = config().signal("lxc.signal.reboot", SIGINT);
    const auto ask = [&] { process::send_signal(handle.get(), signal); };
    if (timeout && timeout->count() == 0) return ask(), true;
    const auto state = monitor::CommandClient(lxcpath_, name_).wait_for_next_life(ask, in_milliseconds(timeout));
    if (state == monitor::State::stopped)
        throw Error(0, name_, "the container ended and did not start again:", "its log says why, if lxc.log.file is set");
    return state.has_value();
}

bool Container::wait(const std::vector<monitor::State>& states, std::optional<milliseconds> timeout) {
    return monitor::CommandClient(lxcpath_, name_).wait(states, timeout).has_value();
}

void Container::freeze() {
    // The monitor tries for a minute.
    monitor::CommandClient client(lxcpath_, name_, std::chrono::seconds(90));
    const std::optional<monitor::Response> response = client.call(monitor::Command::freeze);
    if (!response) throw not_running(*this);
    if (response->result < 0) throw Error(-response->result, name_, "the monitor could not freeze the container");
}

void Container::unfreeze() {
    monitor::CommandClient client(lxcpath_, name_, std::chrono::seconds(90));
    const std::optional<monitor::Response> response = client.call(monitor::Command::unfreeze);
    if (response && response->result < 0) throw Error(-response->result, name_, "the monitor could not unfreeze the container");
}

}  // namespace keelson::container
