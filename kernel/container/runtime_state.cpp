#include <kernel/base/file.hpp>
#include <kernel/container/run.hpp>
#include <kernel/container/runtime_state.hpp>

#include <unistd.h>

namespace keelson::container {

void save_runtime_state(const Run& run) {
    RuntimeState state{{"init", process::process_record(run.child.pid)},
                       {"namespaces", cat(run.namespaces | process::flags_of(run.shared))},
                       {"cgroup", run.actors.cgroup.state()},
                       {"cgroup driver", run.actors.cgroup.driver_name()},
                       {"config", run.config.effective_text()}};
    run.actors.confinement.save(state);
    const std::string path = run.facts.runtime_directory() + "/state";
    base::put_runtime_file(path, pack_state(state), 0600);
}

void remove_runtime_state(const std::string& runtime_directory) {
    const std::string path = runtime_directory + "/state";
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", path);
}

RuntimeState read_runtime_state(const std::string& runtime_directory) {
    const std::string path = runtime_directory + "/state";
    return base::exists(path) ? unpack_state(base::read_file(path), path) : RuntimeState();
}

UniqueFd open_runtime_state(const std::string& runtime_directory) {
    return base::open_file(runtime_directory + "/state", O_RDONLY);
}

RuntimeState read_runtime_state(int file) {
    constexpr const char* name = "the runtime state";
    if (::lseek(file, 0, SEEK_SET) < 0) throw Error::last("read", name);
    return unpack_state(base::read_fd(file, name), name);
}

}  // namespace keelson::container
