// RUNTIME/state as text.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace keelson::container {

/// Keys: "init" (process::process_record), "namespaces" (CLONE_NEW* mask of all that are not the host's), "cgroup" (the
/// driver's state), "cgroup driver" (its name), "lsm NAME" (the module's state), "config" (the configuration in effect, as
/// text).
using RuntimeState = std::map<std::string, std::string>;

/// In the order of the keys, "KEY\nSIZE\nBYTES\n" each: values are bytes of any kind.
std::string pack_state(const RuntimeState& state);

/// Throws for anything else than the whole of a state, which ends with "namespaces": who joins a container by less would lack
/// some of its confinement. `path` is for the message.
RuntimeState unpack_state(std::string_view text, const std::string& path);

}  // namespace keelson::container
