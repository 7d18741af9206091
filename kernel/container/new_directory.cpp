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

namespace {

/// False when there is something already. What is not ours has no record.
bool make_recorded(const char* kind, const std::string& directory, unsigned mode, lifecycle::Journal& journal) {
    const uint64_t record = journal.intend("kernel", kind, directory);
    if (::mkdir(directory.c_str(), mode) != 0) {
        const Error error = Error::last("make directory", directory);
        journal.strike(record);
        if (error.code() == EEXIST) return false;
        throw error;
    }
    journal.complete(record, file_record(directory));
    return true;
}

void make_lxcpath(const std::string& lxcpath, lifecycle::Journal& journal) {
    if (base::exists(lxcpath)) return;
    for (size_t end = lxcpath.find('/', 1); end != std::string::npos; end = lxcpath.find('/', end + 1))
        if (const std::string above = lxcpath.substr(0, end); !base::exists(above))
            make_recorded("directory", above, 0755, journal);
    make_recorded("directory", lxcpath, 0755, journal);
}

/// It has no mode before it has its owner, so that one which a loss of power has left can be told from anybody's.
void remove_half_made(const std::string& directory) {
    struct stat facts {};
    if (::lstat(directory.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && (facts.st_mode & 0777) == 0)
        ::rmdir(directory.c_str());
}

}  // namespace

void make_container_directory(const Facts& facts, lifecycle::Journal& journal) {
    make_lxcpath(facts.lxcpath(), journal);
    const std::string& directory = facts.directory();
    remove_half_made(directory);
    if (!make_recorded("tree", directory, 0, journal)) {
        journal.intend("kernel", "config", directory);
        return;
    }
    if (::chown(directory.c_str(), facts.raw().root_uid, static_cast<gid_t>(-1)) != 0) throw Error::last("chown", directory);
    if (::chmod(directory.c_str(), 0770) != 0) throw Error::last("set the mode of", directory);
}

}  // namespace keelson::container
