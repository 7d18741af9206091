#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <keelson/sdk/detached_mount.hpp>
#include <kernel/base/file.hpp>
#include <kernel/filesystem/mount.hpp>
#include <kernel/filesystem/working_directory.hpp>

namespace keelson::filesystem {

namespace {

std::string name_of_descriptor(int fd) { return cat("/proc/self/fd/", fd); }

unsigned long remount_flags(const MountOptions& options) {
    struct Pair {
        uint64_t attribute;
        unsigned long flag;
    };
    constexpr Pair pairs[] = {{MOUNT_ATTR_RDONLY, MS_RDONLY},         {MOUNT_ATTR_NOSUID, MS_NOSUID},
                              {MOUNT_ATTR_NODEV, MS_NODEV},           {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
                              {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME}, {MOUNT_ATTR_NOATIME, MS_NOATIME}};
    unsigned long flags = MS_REMOUNT | MS_BIND;
    for (const Pair& pair : pairs) {
        if ((options.set & pair.attribute) != 0) flags |= pair.flag;
    }
    if ((options.set & MOUNT_ATTR_STRICTATIME) != 0) flags |= MS_STRICTATIME;
    return flags;
}

/// Before mount_setattr(2): only an attached mount can be changed, and only the topmost.
void set_attributes_by_remount(int mount, const MountOptions& options, bool recursive) {
    if (options.set == 0 && options.clear == 0) return;
    if (recursive) throw Error(ENOSYS, {}, "set attributes of a whole tree", "mount_setattr(2) needs Linux 5.12 or later");
    const std::string name = name_of_descriptor(mount);
    if (::mount(nullptr, name.c_str(), nullptr, remount_flags(options), nullptr) != 0) throw Error::last("remount", name);
}

int call_mount_setattr(int mount, struct mount_attr& attributes, bool recursive) noexcept {
    const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    return static_cast<int>(::syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof attributes));
}

/// False: the kernel has no mount_setattr(2).
bool try_attributes(int mount, const MountOptions& options, bool recursive) {
    if (options.set == 0 && options.clear == 0) return true;
    struct mount_attr attributes {};
    attributes.attr_set = options.set;
    attributes.attr_clr = options.clear;
    if (call_mount_setattr(mount, attributes, recursive) == 0) return true;
    if (errno == ENOSYS) return false;
    throw Error::last("set the attributes of the mount", {});
}

}  // namespace

UniqueFd clone_tree(int directory, const std::string& path, bool recursive) {
    return sdk::clone_mount(directory, path, recursive);
}

UniqueFd new_filesystem(const std::string& type, const std::string& source, const MountOptions& options) {
    sdk::FilesystemContext context(type);
    if (!source.empty()) context.set("source", source);
    if (options.read_only()) context.set("ro");
    context.options(options.data);
    return context.mount(static_cast<unsigned>(options.set));
}

void set_attributes(int mount, const MountOptions& options, bool recursive) {
    if (!try_attributes(mount, options, recursive)) set_attributes_by_remount(mount, options, recursive);
}

void set_propagation(int mount, uint64_t propagation, bool recursive) {
    if (propagation == 0) return;
    struct mount_attr attributes {};
    attributes.propagation = propagation;
    if (call_mount_setattr(mount, attributes, recursive) == 0) return;
    if (errno != ENOSYS) throw Error::last("set the propagation of the mount", {});
    const std::string name = name_of_descriptor(mount);
    const unsigned long flags = static_cast<unsigned long>(propagation) | (recursive ? MS_REC : 0);
    if (::mount(nullptr, name.c_str(), nullptr, flags, nullptr) != 0) throw Error::last("set the propagation of", name);
}

void set_idmap(int mount, int user_namespace, bool recursive) {
    struct mount_attr attributes {};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<uint64_t>(user_namespace);
    if (call_mount_setattr(mount, attributes, recursive) == 0) return;
    const int code = errno;
    std::string hint = "not every filesystem can be mounted with an id map, and none before Linux 5.12";
    if (code == EPERM) hint = "only root of the host can give an id map to a filesystem that the host mounted";
    throw Error(code, {}, "give the mount an id map", hint);
}

void attach(int mount, int target, const std::string& name_for_errors) {
    if (::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0) return;
    const int code = errno;
    std::string hint;
    if (code == ENOTDIR) hint = "a directory can only be mounted on a directory, a file only on a file";
    throw Error(code, name_for_errors, "mount on", hint);
}

void place(int mount, int target, const MountOptions& options, const std::string& name_for_errors) {
    const bool done = try_attributes(mount, options, options.recursive);
    attach(mount, target, name_for_errors);
    if (!done) set_attributes_by_remount(mount, options, options.recursive);
    set_propagation(mount, MS_SLAVE, true);
    set_propagation(mount, options.propagation, options.propagation_recursive);
}

void detach(int mount, const std::string& name_for_errors) {
    const WorkingDirectory here(mount);
    if (::umount2(".", MNT_DETACH) != 0) throw Error::last("unmount", name_for_errors);
}

void detach_stack(int root, const std::string& path) {
    for (;;) {
        const UniqueFd top = resolve_inside(root, path);
        struct statx facts {};
        if (!top || ::statx(top.get(), "", AT_EMPTY_PATH, 0, &facts) != 0) return;
        if ((facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0 || !S_ISDIR(facts.stx_mode)) return;
        try {
            detach(top.get(), path);
        } catch (const Error& error) {
            if (error.code() == EINVAL) return;
            throw;
        }
    }
}

UniqueFd file_mount(std::string_view content, unsigned mode, int scratch) {
    constexpr const char* name = "file";
    MountOptions options;
    options.data = "mode=755,size=64k";
    UniqueFd holder = new_filesystem("tmpfs", "none", options);
    {
        const UniqueFd file = base::open_at(holder.get(), name, O_CREAT | O_EXCL | O_WRONLY, mode);
        base::write_fd(file.get(), content, name);
        if (::fchmod(file.get(), mode) != 0) throw Error::last("set the mode of", name);
    }
    UniqueFd file(::open_tree(holder.get(), name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (file) return file;
    attach(holder.get(), scratch, "a directory for a moment");
    file.reset(::open_tree(holder.get(), name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    const int code = errno;
    detach(holder.get(), "a tmpfs that was mounted for a moment");
    if (!file) throw Error(code, name, "clone the mount of");
    return file;
}

}  // namespace keelson::filesystem
