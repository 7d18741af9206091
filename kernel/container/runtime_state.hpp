// What other commands need to know of a running container: RUNTIME/state, written once by the monitor.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/container/state_text.hpp>

#include <string>

namespace keelson::container {

struct Run;

void save_runtime_state(const Run& run);
/// Of a container that has ended.
void remove_runtime_state(const std::string& runtime_directory);
/// Empty when there is none. Throws for a damaged one.
RuntimeState read_runtime_state(const std::string& runtime_directory);
/// For who may outlive the file: opened as long as it is there, and read as often as it takes. Throws.
UniqueFd open_runtime_state(const std::string& runtime_directory);
RuntimeState read_runtime_state(int file);

}  // namespace keelson::container
