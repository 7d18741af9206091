// States of a container and their numbers on the command socket.
#pragma once

#include <optional>
#include <string_view>

namespace keelson::monitor {

enum class State : int { stopped, starting, running, stopping, aborting, freezing, frozen, thawed };

std::string_view name_of(State state) noexcept;                    ///< "RUNNING"
std::optional<State> state_named(std::string_view name) noexcept;  ///< upper case only

}  // namespace keelson::monitor
