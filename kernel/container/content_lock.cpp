#include <kernel/container/content_lock.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace keelson::container {

ContentLock::ContentLock(const Container& container, Use use) {
    const std::string& path = container.directory();
    directory_.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory_ && errno == ENOENT) return;
    if (!directory_) throw Error::last("open", path);
    if (::flock(directory_.get(), LOCK_NB | (use == Use::read ? LOCK_SH : LOCK_EX)) != 0) {
        if (errno != EWOULDBLOCK) throw Error::last("lock", path);
        throw Error(EBUSY, container.name(),
                    use == Use::read ? "the container is being destroyed" : "the container is being copied, or destroyed",
                    "wait until that has ended");
    }
    struct stat ours {};
    // Destroyed between the two.
    if (::fstat(directory_.get(), &ours) == 0 && ours.st_nlink == 0) throw Error(ENOENT, container.name(), "no such container");
}

}  // namespace keelson::container
