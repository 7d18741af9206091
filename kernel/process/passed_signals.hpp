// The monitor's signals: whatever it is told, init is told.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <csignal>
#include <functional>

namespace keelson::process {

/// What the monitor takes: everything but the signals of its own faults. Its mask stays as it is over exec(2), and so does what
/// is pending.
sigset_t taken_signals();

/// signalfd(2) of those. Throws.
UniqueFd open_taken_signals();

/// Passes on what has come. A hang-up of the monitor's terminal ends the container; another size of it is for
/// `window_changed`.
void pass_on_signals(int signals_borrowed, int init_borrowed, const std::function<void()>& window_changed) noexcept;

}  // namespace keelson::process
