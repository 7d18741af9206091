// Mounts by descriptor (open_tree(2), move_mount(2), fsopen(2), mount_setattr(2)), and safe resolution of names.
//
// A mount is made detached: in no mount namespace, gone with its last descriptor. Only `attach` and `place` put it anywhere.
// Needs Linux 5.2; openat2(2) (5.6) and mount_setattr(2) (5.12) are done without where the kernel lacks them.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::filesystem {

/// mount_setattr(2) attributes, propagation, and what is left as data for the filesystem.
struct MountOptions {
    uint64_t set = 0;  ///< MOUNT_ATTR_*
    uint64_t clear = 0;
    uint64_t propagation = 0;  ///< MS_PRIVATE, ... or 0
    bool bind = false;
    bool move = false;
    bool recursive = false;
    bool propagation_recursive = false;
    std::string data;  ///< comma-separated, original order
    // LXC's own options
    bool optional = false;
    bool relative = false;
    bool create_directory = false;
    bool create_file = false;
    std::string idmap;  ///< "container", a path, or empty

    bool read_only() const noexcept;
};
/// Parses mount(8) options as lxc.mount.entry has them; exact words, the last of two opposites counts. The words for which
/// there is no attribute of a mount (sync, async, dirsync, lazytime, mand, nomand, remount, defaults) have no effect, as in
/// LXC. Throws for a contradiction.
MountOptions parse_options(std::string_view text);

/// [host, inside] A name inside the container's tree. ".." is taken away from the name first and never leaves the root; then no
/// component may be a symbolic link (nor a magic link of procfs): that is an error which names the link. So a tree that changes
/// meanwhile leads nowhere else. Creates what is missing if asked: directories 0755, the file 0000. The target as descriptor,
/// good for `attach` and the *at calls. Throws.
enum class Create { nothing, directory, file };
UniqueFd resolve_target(int root, const std::string& path, Create create);

/// [host, inside] A name of which links are followed, but stay inside of the root. Empty if there is none. Throws.
UniqueFd resolve_inside(int root, const std::string& path);

/// A detached copy of a tree. An empty path means `directory` itself, which then may be any file. Throws.
UniqueFd clone_tree(int directory, const std::string& path, bool recursive);
/// A detached new filesystem; options.set and options.data count. Throws with what the kernel said to it.
UniqueFd new_filesystem(const std::string& type, const std::string& source, const MountOptions& options);

/// Attributes of options.set and options.clear. Throws.
void set_attributes(int mount, const MountOptions& options, bool recursive);
/// MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE. Throws.
void set_propagation(int mount, uint64_t propagation, bool recursive);
/// Gives a detached mount the id map of a user namespace. Throws.
void set_idmap(int mount, int user_namespace, bool recursive);

/// Puts a mount on a descriptor of its target. Throws.
void attach(int mount, int target, const std::string& name_for_errors);
/// Attributes, attach, propagation: in the order that the kernel at hand allows. A copy of a shared mount of the host becomes
/// its slave, so that nothing that is mounted on it reaches the host. Throws.
void place(int mount, int target, const MountOptions& options, const std::string& name_for_errors);

/// Detaches the topmost mount whose root `mount` is, and everything on it (umount2(2), MNT_DETACH). Throws.
void detach(int mount, const std::string& name_for_errors);
/// Detaches all mounts that are stacked on a name inside the tree. Those of another user namespace stay. Throws.
void detach_stack(int root, const std::string& path);

/// A detached mount of one file with this content. `scratch` is a directory of the calling mount namespace, for kernels that
/// clone only what is attached (before Linux 6.15): a tmpfs is put there for a moment. Throws.
UniqueFd file_mount(std::string_view content, unsigned mode, int scratch);

}  // namespace keelson::filesystem
