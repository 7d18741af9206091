#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <kernel/base/file.hpp>
#include <kernel/config/global.hpp>
#include <kernel/config/turn.hpp>

namespace keelson::config {

namespace {

/// None: an ordinary user without a home has no such place.
UniqueFd open_common_place(const std::string& directory) try {
    base::make_directories(directory, 0700);
    return base::open_file(directory, O_RDONLY | O_DIRECTORY);
} catch (const Error&) {
    if (::geteuid() == 0) throw;
    return {};
}

}  // namespace

UniqueFd take_turn() {
    const std::string directory = run_directory() + "/keelson";
    UniqueFd lock = open_common_place(directory);
    while (lock && ::flock(lock.get(), LOCK_EX) != 0)
        if (errno != EINTR) throw Error::last("lock", directory);
    return lock;
}

}  // namespace keelson::config
