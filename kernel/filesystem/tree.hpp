// Whole trees, walked by descriptor, never following links nor leaving the filesystem.
#pragma once

#include <keelson/abi/base.hpp>

#include <span>
#include <string>

namespace keelson::filesystem {

/// Removes a tree; nothing happens when it is gone. Does not cross into other filesystems. Throws at the first failure, after
/// trying all.
void remove_tree(const std::string& path);

/// Adds the id map to every owner, ACL and capability in a tree that holds the container's own ids (0 becomes the host id of
/// its root). An id outside of the map is an error that names the file.
void shift_tree(const std::string& path, std::span<const abi::IdRange> ranges);

}  // namespace keelson::filesystem
