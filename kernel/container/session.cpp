#include <kernel/container/session.hpp>

namespace keelson::container {
namespace {

RuntimeState state_of_running(const Facts& facts, Container& container) {
    RuntimeState state = read_runtime_state(facts.runtime_directory());
    if (!state.empty()) return state;
    if (container.state() == monitor::State::stopped) throw not_running(container);
    throw Error(EBUSY, container.name(),
                "the container is run by another runtime's monitor, which keeps its cgroups and confinement to itself:",
                "use that runtime's own tools for it, or stop it and start it with Keelson");
}

}  // namespace

Error not_running(const Container& container) {
    return {ESRCH, container.name(), "the container is not running", cat("start it with keelson start ", container.name())};
}

Session::Session(Container& container)
    : facts_(container.name(), container.lxcpath(), process::IdMap::from(container.config())),
      state_(state_of_running(facts_, container)),
      cgroup_(facts_, container.config(), state_of("cgroup")) {}

std::string Session::state_of(const std::string& key) const {
    const auto found = state_.find(key);
    return found != state_.end() ? found->second : std::string();
}

}  // namespace keelson::container
