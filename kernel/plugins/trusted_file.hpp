// Opening a plugin's file so that nobody but root and the user had a hand in it.
//
// Whoever may write a plugin, or rename a directory above it, runs code as the user who starts containers. So the file and
// every directory down to it belong to root or to that user and are writable by nobody else; a sticky directory (/tmp) is
// fine on the way, because others cannot take away what is not theirs (inode(7)). Access control lists need no look of their
// own: what they grant shows in the group's bits (acl(5)).
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <sys/stat.h>

#include <map>
#include <string>

namespace keelson::plugins {

/// [any process] Files that root, or `user`, alone may change. Uids are those of the caller's user namespace: use it before
/// entering another one. The way is looked at from the top down, so that nobody else can exchange what is still to be seen:
/// what is in a trusted directory stays there.
class TrustedFiles {
public:
    explicit TrustedFiles(uid_t user) : user_(user) {}

    /// Opens `path`, which may lead over symbolic links, for reading. Throws Error with the file or directory that is not to be
    /// trusted as object. The way to a directory is walked once; later it has to be the same directory still.
    UniqueFd open(const std::string& path);

    /// Throws as `open` does, without opening anything: `status` is what lstat(2) says of `path`.
    void check(const std::string& path, const struct stat& status);

private:
    struct Directory {
        std::string real_path;
        dev_t device;
        ino_t inode;
    };
    const Directory& directory(const std::string& path);
    Directory walk_to(const std::string& path);
    /// True also for one that was not walked yet.
    bool is_as_walked(const std::string& path) const;

    uid_t user_;
    std::map<std::string, Directory> walked_;
};

/// The same without looking at owners, for a file that a person names to have it checked.
UniqueFd open_regular(const std::string& path);

}  // namespace keelson::plugins
