#include <fcntl.h>
#include <keelson/sdk/error.hpp>
#include <kernel/filesystem/working_directory.hpp>

namespace keelson::filesystem {

WorkingDirectory::WorkingDirectory(int directory_borrowed) : before_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    if (::fchdir(directory_borrowed) != 0) throw Error::last("enter a directory", {});
}

WorkingDirectory::~WorkingDirectory() {
    if (before_) (void)!::fchdir(before_.get());
}

}  // namespace keelson::filesystem
