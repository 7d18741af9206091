#include <kernel/base/file.hpp>
#include <kernel/container/partial.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace keelson::container {
namespace {

std::string path_of(const Container& container) { return partial_mark(container.directory()); }

struct flock whole_file(short type) {
    struct flock lock {};
    lock.l_type = type;
    return lock;
}

}  // namespace

std::string partial_mark(const std::string& directory) { return directory + "/partial"; }

PartialMark::PartialMark(const Container& container)
    : path_(path_of(container)), file_(base::open_file(path_, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600)) {
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(file_.get(), F_OFD_SETLK, &lock) == 0) return;
    const int code = errno;
    ::unlink(path_.c_str());
    throw Error(code, path_, "lock");
}

void PartialMark::remove() {
    if (::unlink(path_.c_str()) != 0) throw Error::last("remove", path_);
    file_.reset();
}

bool is_partial(const Container& container) { return base::exists(path_of(container)); }

void refuse_being_created(const Container& container) {
    if (!is_partial(container)) return;
    const std::string path = path_of(container);
    const UniqueFd file = base::open_file(path, O_RDONLY | O_NOFOLLOW);
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(file.get(), F_OFD_GETLK, &lock) != 0) throw Error::last("ask who locks", path);
    if (lock.l_type != F_UNLCK)
        throw Error(EBUSY, container.name(), "the container is being created", "wait until its creation has ended");
}

void refuse_partial(const Container& container) {
    refuse_being_created(container);
    if (!is_partial(container)) return;
    throw Error(EINVAL, container.name(), "the container's creation was interrupted",
                cat("keelson destroy ", container.name(), ", then create it again; or remove ", path_of(container),
                    " if you know it to be complete"));
}

}  // namespace keelson::container
