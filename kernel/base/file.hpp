// Small files, by descriptor.
#pragma once

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <fcntl.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::base {

/// openat(2), always close-on-exec. Throws Error with `path` as object.
UniqueFd open_at(int directory, const std::string& path, int flags, unsigned mode = 0);
UniqueFd open_file(const std::string& path, int flags, unsigned mode = 0);

/// The whole content; for /proc and /sys files as well. Throws.
std::string read_file(const std::string& path);
/// None when there is no such file, or what it tells of is gone (ENOENT, ESRCH).
std::optional<std::string> read_file_if_there(const std::string& path);
std::string read_fd(int fd, const std::string& name_for_errors);

/// One write(2) of the whole text, as control files want it. Throws.
void write_file(const std::string& path, std::string_view text);
void write_fd(int fd, std::string_view text, const std::string& name_for_errors);

/// Without links, realpath(3); the path as it is given where that leads nowhere.
std::string real_path(const std::string& path);

/// The whole content of a file in a directory that may be another user's, who would choose by a symbolic link what root reads:
/// one that is neither ours nor root's is not followed (ELOOP). Waits as sdk::read_given. Throws.
std::string read_trusted_file(const std::string& path);

/// Puts a new file in the place of `path`, by way of one beside it and rename(2), so that it is there whole or not at all, and
/// on the disk when the call returns. What was there hands over its mode and owner; a symbolic link is followed where
/// read_trusted_file follows it. Without one: `mode` less the umask. Throws.
void replace_file(const std::string& path, std::string_view text, unsigned mode);

/// The same in a directory that is ours alone, for what a power loss takes anyway: nobody waits for the disk. Throws.
void put_runtime_file(const std::string& path, std::string_view text, unsigned mode);

/// Makes a directory and its missing parents. Nothing happens when it is there. Throws.
void make_directories(const std::string& path, unsigned mode);

/// False when there is nothing, or we may not look. Throws when it cannot be told. A relative path is below `directory`.
bool exists(const std::string& path, int directory = AT_FDCWD);

/// What is in a directory, but "." and ".."; nothing when there is no such directory. Throws.
std::vector<std::string> names_in(const std::string& directory);

/// What an open file is called now. Throws.
std::string path_of(int fd);

/// Our descriptors that exec(2) would pass on.
std::vector<int> inheritable_fds();

}  // namespace keelson::base
