#include <kernel/plugins/read_only_mount.hpp>

#include <keelson/sdk/error.hpp>

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>

namespace keelson::plugins {
namespace {

/// A read-only mount that nobody else has, of the directory `path` or, with an empty one, of the file `fd`: through it, not
/// even root can get at a file for writing (mount_setattr(2)). No value without the privilege for that.
UniqueFd read_only_clone(int fd, const std::string& path) {
    UniqueFd clone(
        static_cast<int>(::syscall(SYS_open_tree, fd, path.c_str(), AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!clone) {
        if (errno == EPERM || errno == ENOSYS || errno == EINVAL) return {};
        throw Error::last("open_tree", path);
    }
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (::syscall(SYS_mount_setattr, clone.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
        if (errno == ENOSYS) return {};
        throw Error::last("mount_setattr", path);
    }
    return clone;
}

}  // namespace

/// One mount serves all plugins below DIRECTORY, because each mount costs a grace period when it goes.
UniqueFd open_in_shared_clone(const std::string& path) {
    static auto& clones = *new std::map<std::string, UniqueFd>;
    const size_t kind = path.rfind('/', path.rfind('/') - 1);
    const std::string directory = path.substr(0, kind);
    const auto [clone, missing] = clones.try_emplace(directory);
    if (missing) clone->second = read_only_clone(AT_FDCWD, directory);
    if (!clone->second) return {};
    open_how how{};
    how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    return UniqueFd(static_cast<int>(::syscall(SYS_openat2, clone->second.get(), path.c_str() + kind + 1, &how, sizeof how)));
}

UniqueFd on_read_only_mount(UniqueFd file) {
    UniqueFd clone = read_only_clone(file.get(), "");
    return clone ? std::move(clone) : std::move(file);
}

}  // namespace keelson::plugins
