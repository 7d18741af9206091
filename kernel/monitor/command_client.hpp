// One request to a monitor. No lock is ever waited for; every call has a deadline.
#pragma once

#include <kernel/monitor/connection.hpp>

#include <optional>

namespace keelson::monitor {

struct Status {
    State state = State::stopped;
    std::optional<pid_t> init;
};

class CommandClient {
public:
    CommandClient(std::string lxcpath, std::string name, std::chrono::milliseconds deadline = std::chrono::seconds(30));

    const std::string& name() const noexcept { return name_; }
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
    /// For the next time that the container comes to this state, told before something is done about it. No value: nobody
    /// listens.
    std::optional<Connection> expect(State wanted);
    /// Waits for that, or for its end (stopped); no value at the deadline.
    std::optional<State> await(Connection& expected, std::optional<std::chrono::milliseconds> timeout) const;

    /// For a question of one's own, once; closed when nobody listens.
    Connection connect() const;
    Error hangs_up() const;

private:
    Connection connect(Clock::time_point end) const;
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
