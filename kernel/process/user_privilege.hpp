// The host side of an ordinary user's containers: that user's process in a user and a mount namespace of its own.
#pragma once

#include <kernel/process/idmap.hpp>

#include <functional>

namespace keelson::process {

/// True when this process has no privileges over the host: euid is not 0, or CAP_SYS_ADMIN is missing.
bool is_ordinary_user() noexcept;

/// [host] Enters a user namespace in which every id of the container's map, and our own, is mapped to itself: the process goes
/// on seeing host ids, keeps its own uid, and may mount, clone and change owners among those ids. It has no privileges over the
/// host's links, devices and other users' files. Mounts are made in a mount namespace of its own that the host does not see.
/// Throws with hints: no lxc.idmap, no newuidmap, ranges that subuid(5) does not grant, user namespaces forbidden.
void enter_user_privilege(const IdMap& container_map);

/// [host] Runs `body` in a child that has entered it; throws what that throws.
void with_user_privilege(const IdMap& container_map, const std::function<void()>& body);

}  // namespace keelson::process
