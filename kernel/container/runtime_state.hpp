// What other commands need to know of a running container: RUNTIME/state, written once by the monitor.
#pragma once

#include <map>
#include <string>

namespace keelson::container {

struct Run;

/// Keys: "init" (pid), "namespaces" (CLONE_NEW* mask of all that are not the host's), "cgroup" (the driver's state), "lsm NAME" (the module's state),
/// "config" (the configuration in effect, as text).
using RuntimeState = std::map<std::string, std::string>;

void save_runtime_state(const Run& run);
/// Empty when there is none.
RuntimeState read_runtime_state(const std::string& runtime_directory);

}  // namespace keelson::container
