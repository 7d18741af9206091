#include "network_lock.hpp"

#include <keelson/sdk/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace keelson::net {

NetworkLock::NetworkLock() {
    constexpr const char* path = "/run/keelson";
    if (::mkdir(path, 0700) != 0 && errno != EEXIST) throw Error::last("make directory", path);
    directory_.reset(::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory_) throw Error::last("open", path);
    struct stat facts {};
    if (::fstat(directory_.get(), &facts) != 0) throw Error::last("stat", path);
    if (facts.st_uid != 0 || (facts.st_mode & 0022) != 0)
        throw Error(EPERM, path, "the directory is not root's alone", "chown root /run/keelson && chmod go-w /run/keelson");
    while (::flock(directory_.get(), LOCK_EX) != 0)
        if (errno != EINTR) throw Error::last("lock", path);
}

}  // namespace keelson::net
