// Two commands that read one file of a container, change it and put it back take turns, so that neither undoes the other's
// change.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

namespace keelson::config {

/// Held while the result lives, of all files together: by a directory of the user that nobody else can open, because who may
/// open it could hold us up. An ordinary user who has no such directory goes on without a turn. Throws.
UniqueFd take_turn();

}  // namespace keelson::config
