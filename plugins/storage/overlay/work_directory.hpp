// The directory that overlayfs prepares its changes in (workdir=).
#pragma once

#include <string>

namespace keelson::storage {

/// Nobody's but overlayfs's, so that it may be used and removed: it makes in there the directories "work" and "index", which no
/// one may read or enter. True as well if there is no such directory, or nothing in it.
bool is_overlays_alone(const std::string& work);

/// What LXC has used for one or more upper directories: removes it once none of them is left beside it.
void remove_last_work_of_lxc(const std::string& work);

}  // namespace keelson::storage
