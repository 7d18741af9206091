#include <kernel/monitor/state.hpp>

#include <array>

namespace keelson::monitor {

namespace {

constexpr std::array<std::string_view, 8> names = {"STOPPED",  "STARTING", "RUNNING", "STOPPING",
                                                   "ABORTING", "FREEZING", "FROZEN",  "THAWED"};

}  // namespace

std::string_view name_of(State state) noexcept {
    const auto number = static_cast<size_t>(state);
    return number < names.size() ? names[number] : "UNKNOWN";
}

std::optional<State> state_named(std::string_view name) noexcept {
    for (size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<State>(i);
    return std::nullopt;
}

}  // namespace keelson::monitor
