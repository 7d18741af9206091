// Protection of this program against the containers that it enters (CVE-2019-5736): what a process of ours inside of a
// container shows as /proc/PID/exe must not be a way to write to the program on the host.
#pragma once

namespace keelson::cli {

/// [host, before anything else] Executes the program once more from a read-only, detached clone of its mount. Returns when that
/// is so already, and for ordinary users, who own no program that they share with others. Throws.
///
/// A detached clone has no path, so the second run is told the program's by config::program_path_variable.
void ensure_readonly_program(char** argv);

}  // namespace keelson::cli
