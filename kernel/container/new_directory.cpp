#include <kernel/base/file.hpp>
#include <kernel/container/new_directory.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace keelson::container {

void make_container_directory(const Facts& facts, lifecycle::Journal& journal) {
    base::make_directories(facts.lxcpath(), 0755);
    const std::string& directory = facts.directory();
    // An empty one may be left from a loss of power, and lack its owner and mode.
    ::rmdir(directory.c_str());
    if (base::exists(directory)) {
        journal.intend("kernel", "file", directory + "/config");
        return;
    }
    const uint64_t record = journal.intend("kernel", "tree", directory);
    if (::mkdir(directory.c_str(), 0770) != 0) throw Error::last("make directory", directory);
    if (::chmod(directory.c_str(), 0770) != 0) throw Error::last("set the mode of", directory);
    if (::chown(directory.c_str(), facts.raw().root_uid, static_cast<gid_t>(-1)) != 0) throw Error::last("chown", directory);
    journal.complete(record, {});
}

}  // namespace keelson::container
