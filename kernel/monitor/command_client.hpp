// One request to a monitor. No lock is ever waited for; every call has a deadline.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/monitor/command.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace keelson::monitor {

struct Response {
    int32_t result = 0;
    uint64_t number = 0;
    std::string data;
    std::vector<UniqueFd> fds;
    UniqueFd connection;  ///< still open for the commands that keep it
};

class CommandClient {
public:
    CommandClient(std::string lxcpath, std::string name, std::chrono::milliseconds deadline = std::chrono::seconds(30));

    /// No value: nobody listens (the container is stopped). Throws for anything else, a passed deadline included.
    std::optional<Response> call(Command command, uint64_t number = 0, std::string_view data = {}, bool keep = false);

    State state();  ///< stopped when nobody listens
    std::optional<pid_t> init_pid();
    std::optional<std::string> config_item(const std::string& key);
    /// Waits for one of the states, also while the monitor is busy with a start or stop; no value at the deadline. Stopped
    /// counts when the connection ends.
    std::optional<State> wait(const std::vector<State>& wanted, std::optional<std::chrono::milliseconds> timeout);

private:
    std::optional<Response> call_until(std::chrono::steady_clock::time_point end, Command command, uint64_t number,
                                       std::string_view data, bool keep);

    std::string lxcpath_, name_;
    std::chrono::milliseconds deadline_;
};

/// Containers with a listening command socket below an lxcpath, from one reading of /proc/net/unix.
std::vector<std::string> listening(const std::string& lxcpath);

}  // namespace keelson::monitor
