// What other commands need to know of a running container: RUNTIME/state, written once by the monitor.
#pragma once

#include <kernel/container/state_text.hpp>

#include <string>

namespace keelson::container {

struct Run;

void save_runtime_state(const Run& run);
/// Of a container that has ended.
void remove_runtime_state(const std::string& runtime_directory);
/// Empty when there is none. Throws for a damaged one.
RuntimeState read_runtime_state(const std::string& runtime_directory);

}  // namespace keelson::container
