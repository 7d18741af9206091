// Descriptors through which a file cannot be got at for writing, not even by root: plugins are loaded by them (CVE-2019-5736).
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <string>

namespace keelson::plugins {

/// [host] The file DIRECTORY/KIND/NAME.so, opened in a read-only clone of DIRECTORY's mount. No value without the privilege
/// for that, and for a file that a link or another mount leads to. Whether it is the wanted file is for the caller to see.
UniqueFd open_in_shared_clone(const std::string& path);

/// [host] The same file on a read-only mount of its own; without the privilege for that, the descriptor itself.
UniqueFd on_read_only_mount(UniqueFd file);

}  // namespace keelson::plugins
