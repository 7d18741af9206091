#include <kernel/config/global.hpp>
#include <kernel/container/session.hpp>
#include <kernel/monitor/command_client.hpp>

namespace keelson::container {
namespace {

void refuse_unless_running(Container& container) {
    using monitor::State;
    const State state = container.state();
    if (state == State::starting)
        throw Error(EBUSY, container.name(), "the container is being started", "wait for it with keelson wait -s RUNNING");
    if (state == State::stopped || state == State::stopping || state == State::aborting) throw not_running(container);
}

RuntimeState state_of_running(Container& container) {
    const std::string directory = config::runtime_directory(container.lxcpath(), container.name());
    RuntimeState state = read_runtime_state(directory);
    if (!state.empty()) return state;
    refuse_unless_running(container);
    state = read_runtime_state(directory);  // since when it runs the file is there
    if (!state.empty()) return state;
    throw Error(
        EBUSY, container.name(),
        cat("the container runs, and nothing in ", directory, " tells of its cgroups and confinement:"),
        "if another runtime started it, use its own tools; if somebody removed the directory, stop it and start it again");
}

/// Else that of the file.
config::Config config_of(const RuntimeState& state, Container& container) {
    std::optional<config::Config> running = config_in(state, container.name());
    return running ? std::move(*running) : container.config();
}

}  // namespace

std::optional<config::Config> config_in(const RuntimeState& state, const std::string& container) {
    const auto text = state.find("config");
    if (text == state.end()) return std::nullopt;
    config::Config config(plugins::PluginHost::instance());
    config.load_text(text->second, cat("the running container ", container));
    return config;
}

Error not_running(const Container& container) {
    return {ESRCH, container.name(), "the container is not running", cat("start it with keelson start ", container.name())};
}

std::optional<config::Config> Container::running_config() const {
    return config_in(read_runtime_state(config::runtime_directory(lxcpath_, name_)), name_);
}

Session::Session(Container& container)
    : state_(state_of_running(container)),
      config_(config_of(state_, container)),
      facts_(container.name(), container.lxcpath(), process::IdMap::from(config_)),
      cgroup_(facts_, config_, state_of("cgroup driver"), state_of("cgroup")) {}

std::string running_item(Container& container, const std::string& key) {
    // The protocol has no empty values: then it is unset, or not a key.
    if (const auto value = monitor::CommandClient(container.lxcpath(), container.name()).config_item(key)) return *value;
    const std::string directory = config::runtime_directory(container.lxcpath(), container.name());
    return config_of(read_runtime_state(directory), container).printed(key);
}

std::string Session::state_of(const std::string& key) const {
    const auto found = state_.find(key);
    return found != state_.end() ? found->second : std::string();
}

}  // namespace keelson::container
