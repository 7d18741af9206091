#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/run.hpp>
#include <kernel/container/runtime_state.hpp>

#include <fcntl.h>

namespace keelson::container {
namespace {

/// "KEY\nSIZE\nBYTES\n": values are bytes of any kind.
std::string pack(const RuntimeState& state) {
    std::string text;
    for (const auto& [key, value] : state) text += cat(key, "\n", value.size(), "\n", value, "\n");
    return text;
}

}  // namespace

void save_runtime_state(const Run& run) {
    RuntimeState state{{"init", cat(run.child.pid)},
                       {"namespaces", cat(run.namespaces | process::flags_of(run.shared))},
                       {"cgroup", run.actors.cgroup.state()},
                       {"config", run.config.effective_text()}};
    run.actors.confinement.save(state);
    const std::string path = run.facts.runtime_directory() + "/state";
    const UniqueFd file = base::open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    base::write_fd(file.get(), pack(state), path);
}

RuntimeState read_runtime_state(const std::string& runtime_directory) {
    RuntimeState state;
    const std::string path = runtime_directory + "/state";
    if (!base::exists(path)) return state;
    const std::string text = base::read_file(path);
    for (size_t at = 0; at < text.size();) {
        const size_t key_end = text.find('\n', at);
        const size_t size_end = key_end == std::string::npos ? key_end : text.find('\n', key_end + 1);
        if (size_end == std::string::npos) break;
        const size_t size =
            base::parse_unsigned(std::string_view(text).substr(key_end + 1, size_end - key_end - 1)).value_or(0);
        state[text.substr(at, key_end - at)] = text.substr(size_end + 1, size);
        at = size_end + 1 + size + 1;
    }
    return state;
}

}  // namespace keelson::container
