// [host] One at a time among all starts and stops that change what containers of this host share: a nat bridge, whose addresses
// the host answers for.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

namespace keelson::net {

/// Holds flock(2) on the directory /run/keelson, which belongs to root alone. Throws Error when it belongs to somebody else.
/// The kernel drops the lock when its holder dies.
class NetworkLock {
public:
    NetworkLock();

private:
    UniqueFd directory_;
};

}  // namespace keelson::net
