// [inside] PID 1 of lxc-execute: Keelson itself, with no file of the rootfs needed.
#pragma once

#include <functional>

namespace keelson::process {

/// Runs `command` (which ends in exec) in a child with a session of its own, forwards signals to it, reaps everything, and
/// exits with its status (128 + signal). SIGTERM and SIGPWR end all processes: SIGTERM, and after a quiet second SIGKILL.
[[noreturn]] void run_as_small_init(const std::function<void()>& command);

}  // namespace keelson::process
