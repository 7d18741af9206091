// Opening a plugin's file by descriptors, so that nobody but root and the user had a hand in it.
//
// Whoever may write a plugin, or rename a directory above it, runs code as the user who starts containers. So the file and
// every directory down to it belong to root or to that user and are writable by nobody else; a sticky directory (/tmp) is
// fine on the way, because others cannot take away what is not theirs (inode(7)). Access control lists need no look of their
// own: what they grant shows in the group's bits (acl(5)).
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <sys/types.h>

#include <string>

namespace keelson::plugins {

/// [any process] Opens `path`, which may lead over symbolic links, for reading. Uids are those of the caller's user namespace:
/// call it before entering another one. Throws Error with the file or directory that is not to be trusted as object.
UniqueFd open_trusted(const std::string& path, uid_t user);

/// The same without looking at owners, for a file that a person names to have it checked.
UniqueFd open_regular(const std::string& path);

}  // namespace keelson::plugins
