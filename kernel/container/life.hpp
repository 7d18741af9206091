// The life that a container lives now. What is meant for it reaches no later one, which another monitor or the same may have
// begun under the same address meanwhile.
#pragma once

#include <kernel/monitor/command_client.hpp>

#include <optional>

namespace keelson::container {

class Life {
public:
    /// Over when nobody listens. Throws as CommandClient.
    explicit Life(monitor::CommandClient client);

    bool over() const;
    /// Waits for its end, which comes after the stop hooks. False at the deadline.
    bool wait_until_over(std::optional<std::chrono::milliseconds> timeout);
    /// A pidfd of the first process. None before it is born, and when the life is over.
    UniqueFd init_handle();
    /// SIGKILL for all that is inside. Back when the life is over.
    void kill();

private:
    void ask_to_stop();

    monitor::CommandClient client_;
    std::optional<monitor::Connection> end_;  ///< its monitor's word that the container has stopped
};

}  // namespace keelson::container
