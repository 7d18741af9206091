// One request to a monitor. No lock is ever waited for; every call has a deadline.
#pragma once

#include <kernel/monitor/connection.hpp>

#include <functional>
#include <optional>

namespace keelson::monitor {

struct Status {
    State state = State::stopped;
    std::optional<pid_t> init;
};

class CommandClient {
public:
    CommandClient(std::string lxcpath, std::string name, std::chrono::milliseconds deadline = std::chrono::seconds(30));

    /// No value: nobody listens (the container is stopped). Throws for anything else, a passed deadline included.
    std::optional<Response> call(Command command, uint64_t number = 0, std::string_view data = {}, bool keep = false);

    State state();  ///< stopped when nobody listens
    /// In one question; a monitor of LXC's needs two.
    Status status();
    /// The same in two steps, so that many monitors work at a time. Who could not be asked is asked again by the second, which
    /// tells why.
    Connection ask_status() const;
    Status status(Connection asked);
    std::optional<pid_t> init_pid();
    /// A pidfd of the container's first process, which no other process can have become meanwhile.
    UniqueFd init_handle();
    std::optional<std::string> config_item(const std::string& key);
    /// Waits for one of the states, also while the monitor is busy with a start or stop; no value at the deadline. Stopped
    /// counts when the connection ends.
    std::optional<State> wait(const std::vector<State>& wanted, std::optional<std::chrono::milliseconds> timeout);
    /// Waits until the container that runs now runs anew, or has ended (stopped), because of what `body` does; no value at the
    /// deadline. The wish is told before, so that the life that ends is not taken for the next one.
    std::optional<State> wait_for_next_life(const std::function<void()>& body,
                                            std::optional<std::chrono::milliseconds> timeout);

private:
    std::optional<Response> call_until(Clock::time_point end, Command command, uint64_t number, std::string_view data,
                                       bool keep);
    State state_in(const Response& response) const;
    Status status_in(const Response& response);

    std::string lxcpath_, name_;
    std::chrono::milliseconds deadline_;
};

/// Containers with a listening command socket below an lxcpath, from one reading of /proc/net/unix.
std::vector<std::string> listening(const std::string& lxcpath);
/// Directories of containers that one of this name listens below, by whatever names the directories have. Addresses that are
/// too long to name them are left out.
std::vector<std::string> lxcpaths_of(const std::string& name);

}  // namespace keelson::monitor
