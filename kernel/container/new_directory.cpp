#include <kernel/base/file.hpp>
#include <kernel/container/new_directory.hpp>
#include <kernel/container/partial.hpp>
#include <kernel/container/undo.hpp>

#include <sys/stat.h>
#include <unistd.h>

namespace keelson::container {

void refuse_taken_name(const Container& container) {
    refuse_partial(container);
    if (!container.defined()) return;
    throw Error(EEXIST, container.name(), "the container already exists",
                cat("choose another name; keelson destroy ", container.name(), " removes it"));
}

void make_container_directory(const Facts& facts, lifecycle::Journal& journal) {
    base::make_directories(facts.lxcpath(), 0755);
    const std::string& directory = facts.directory();
    // An empty one may be left from a loss of power, and lack its owner and mode.
    ::rmdir(directory.c_str());
    if (base::exists(directory)) {
        journal.intend("kernel", "config", directory);
        return;
    }
    const uint64_t record = journal.intend("kernel", "tree", directory);
    if (::mkdir(directory.c_str(), 0770) != 0) throw Error::last("make directory", directory);
    journal.complete(record, file_record(directory));
    if (::chmod(directory.c_str(), 0770) != 0) throw Error::last("set the mode of", directory);
    if (::chown(directory.c_str(), facts.raw().root_uid, static_cast<gid_t>(-1)) != 0) throw Error::last("chown", directory);
}

}  // namespace keelson::container
