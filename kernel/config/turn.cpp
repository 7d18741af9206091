#include <fcntl.h>
#include <sys/file.h>
#include <kernel/base/file.hpp>
#include <kernel/config/global.hpp>
#include <kernel/config/turn.hpp>

namespace keelson::config {

UniqueFd take_turn() {
    const std::string directory = run_directory() + "/keelson";
    base::make_directories(directory, 0700);
    UniqueFd lock = base::open_file(directory, O_RDONLY | O_DIRECTORY);
    while (::flock(lock.get(), LOCK_EX) != 0)
        if (errno != EINTR) throw Error::last("lock", directory);
    return lock;
}

}  // namespace keelson::config
