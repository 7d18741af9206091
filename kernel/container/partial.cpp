#include <kernel/base/file.hpp>
#include <kernel/container/partial.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace keelson::container {
namespace {

std::string path_of(const Container& container) { return container.directory() + "/partial"; }

struct flock whole_file(short type) {
    struct flock lock {};
    lock.l_type = type;
    return lock;
}

}  // namespace

PartialMark::PartialMark(const Container& container)
    : path_(path_of(container)), file_(base::open_file(path_, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0)) {
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(file_.get(), F_OFD_SETLK, &lock) != 0) throw Error::last("lock", path_);
}

PartialMark::~PartialMark() { ::unlink(path_.c_str()); }

void refuse_partial(const Container& container) {
    const std::string path = path_of(container);
    if (!base::exists(path)) return;
    const UniqueFd file = base::open_file(path, O_RDONLY | O_NOFOLLOW);
    struct flock lock = whole_file(F_WRLCK);
    const bool busy = ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (busy) throw Error(EBUSY, container.name(), "the container is being created", "wait until its creation has ended");
    throw Error(EINVAL, container.name(), "the container's creation was interrupted",
                cat("keelson destroy ", container.name(), ", then create it again; or remove ", path,
                    " if you know it to be complete"));
}

}  // namespace keelson::container
