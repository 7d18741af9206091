#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/life.hpp>
#include <kernel/container/session.hpp>
#include <kernel/process/clone.hpp>

#include <signal.h>

#include <algorithm>

namespace keelson::container {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::minutes time_to_die(1);

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

bool shut_down(Container& container, Life& life, std::optional<std::chrono::seconds> timeout) {
    const std::optional<pid_t> init = container.init_pid();
    const UniqueFd handle = life.init_handle();
    if (!init || !handle) return true;
    try {
        process::send_signal(handle.get(), halt_signal(container.config(), *init));
    } catch (const Error& error) {
        if (error.code() != ESRCH && error.code() != ENOENT) throw;  // it has just ended by itself
    }
    if (timeout && timeout->count() == 0) return true;
    return life.wait_until_over(in_milliseconds(timeout));
}

}  // namespace

bool Container::shutdown(std::optional<std::chrono::seconds> timeout) {
    Life life(monitor::CommandClient(lxcpath_, name_));
    return shut_down(*this, life, timeout);
}

void Container::kill() { Life(monitor::CommandClient(lxcpath_, name_, time_to_die)).kill(); }

void Container::stop(std::optional<std::chrono::seconds> timeout) {
    Life life(monitor::CommandClient(lxcpath_, name_, time_to_die));
    if (!shut_down(*this, life, timeout)) life.kill();
}

bool Container::reboot(std::optional<std::chrono::seconds> timeout) {
    monitor::CommandClient client(lxcpath_, name_);
    const UniqueFd handle = client.init_handle();
    if (!handle) throw not_running(*this);
    const int signal = config().signal("lxc.signal.reboot", SIGINT);
    const bool waits = !timeout || timeout->count() != 0;
    std::optional<monitor::Connection> next = waits ? client.expect(monitor::State::running) : std::nullopt;
    process::send_signal(handle.get(), signal);
    if (!waits) return true;
    const auto state = next ? client.await(*next, in_milliseconds(timeout)) : monitor::State::stopped;
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
