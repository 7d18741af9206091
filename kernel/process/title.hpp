// What ps(1) shows of a process.
#pragma once

#include <string>

namespace keelson::process {

/// Replaces our command line, as far as the room that exec(2) gave to arguments and environment suffices; the environment is
/// moved elsewhere before. Also sets the short name (prctl(2), PR_SET_NAME).
void set_title(const std::string& title);

}  // namespace keelson::process
