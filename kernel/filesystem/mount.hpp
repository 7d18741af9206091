// Mounts by descriptor (open_tree(2), move_mount(2), fsopen(2), mount_setattr(2)), and safe resolution of names.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace keelson::filesystem {

/// mount_setattr(2) attributes, propagation, and what is left as data for the filesystem.
struct MountOptions {
    uint64_t set = 0;  ///< MOUNT_ATTR_*
    uint64_t clear = 0;
    uint64_t propagation = 0;  ///< MS_PRIVATE, ... or 0
    bool bind = false;
    bool recursive = false;
    bool propagation_recursive = false;
    std::string data;  ///< comma-separated, original order
    // LXC's own options
    bool optional = false;
    bool relative = false;
    bool create_directory = false;
    bool create_file = false;
    std::string idmap;  ///< "container", a path, or empty
};
/// Parses mount(8) options as lxc.mount.entry has them; exact words. Throws for a contradiction.
MountOptions parse_options(const std::string& text);

/// [host, inside] A name inside the container's tree: openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS. A symbolic link
/// in the way of a mount target is refused. Creates what is missing if asked; the target as O_PATH descriptor. Throws.
enum class Create { nothing, directory, file };
UniqueFd resolve_target(int root, const std::string& path, Create create);

/// A detached copy of a tree, a new filesystem; both vanish with the descriptor.
UniqueFd clone_tree(int directory, const std::string& path, bool recursive);
UniqueFd new_filesystem(const std::string& type, const std::string& source, const MountOptions& options);
void set_attributes(int mount, const MountOptions& options, bool recursive);
/// Gives a detached mount the id map of a user namespace.
void set_idmap(int mount, int user_namespace, bool recursive);
/// Puts a detached mount on a descriptor of its target.
void attach(int mount, int target, const std::string& name_for_errors);

}  // namespace keelson::filesystem
