// Whether a container that is known by its mark only is being started or runs.
#pragma once

#include <string>

namespace keelson::cgroup {

/// `directory`: LXCPATH/NAME. Who starts it or is its monitor listens on its command socket, from before its first cgroup is
/// made. One of another network namespace is not seen.
bool is_alive(const std::string& directory);

}  // namespace keelson::cgroup
