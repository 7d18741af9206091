// Opening a plugin's file by descriptors, so that nobody but root and the user had a hand in it.
//
// Whoever may write a plugin, or rename a directory above it, runs code as the user who starts containers. So the file and
// every directory down to it belong to root or to that user and are writable by nobody else; a sticky directory (/tmp) is
// fine on the way, because others cannot take away what is not theirs (inode(7)). Access control lists need no look of their
// own: what they grant shows in the group's bits (acl(5)).
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <sys/types.h>

#include <map>
#include <string>

namespace keelson::plugins {

/// [any process] Files that root, or `user`, alone may change. Uids are those of the caller's user namespace: use it before
/// entering another one.
class TrustedFiles {
public:
    explicit TrustedFiles(uid_t user) : user_(user) {}

    /// Opens `path`, which may lead over symbolic links, for reading. Throws Error with the file or directory that is not to be
    /// trusted as object. The way to a directory is walked once; later it has to be the same directory still.
    UniqueFd open(const std::string& path);

private:
    struct Identity {
        dev_t device;
        ino_t inode;
    };
    UniqueFd directory(const std::string& path);
    UniqueFd step_into(const std::string& path);

    uid_t user_;
    std::map<std::string, Identity> walked_;
};

/// The same without looking at owners, for a file that a person names to have it checked.
UniqueFd open_regular(const std::string& path);

}  // namespace keelson::plugins
