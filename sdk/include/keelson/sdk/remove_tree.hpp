// Removing a whole tree by descriptor: never through a link, never into another mount.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <memory>
#include <optional>

namespace keelson::sdk {

/// The work of remove_tree; one object per tree.
class TreeRemover {
public:
    /// `top` names the tree in errors.
    explicit TreeRemover(std::string top) : top_(std::move(top)) {}

    /// No descriptor, and why in errno: EXDEV if the directory is where something is mounted.
    static UniqueFd open_top(const std::string& path) {
        const size_t name = path.rfind('/') + 1;
        const UniqueFd above(::open(name == 0 ? "." : path.substr(0, name).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        return above ? open_directory(above.get(), path.c_str() + name) : UniqueFd();
    }

    /// Removes what is in the directory; the directory stays.
    void empty(UniqueFd directory) {
        root_ = std::move(directory);
        clear(root_.get(), top_, 0);
        while (!graves_.empty()) {
            const std::string name = std::move(graves_.back());
            graves_.pop_back();
            remove(root_.get(), name.c_str(), top_, 0);
        }
    }

    void check() const {
        if (failure_) throw *failure_;
    }

    /// Of errno.
    static Error last_error(const char* call, const std::string& path) {
        const bool mount = errno == EXDEV || errno == EBUSY;
        return Error::last(call, path, mount ? "something is mounted there: unmount it first" : "");
    }

private:
    using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;
    /// A guest can nest directories deeper than a process has descriptors: below this depth they are moved to the top.
    static constexpr int deepest = 64;

    static UniqueFd open_directory(int parent, const char* name) {
        struct open_how how {};
        how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        how.resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH;
        UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, parent, name, &how, sizeof how)));
        if (!fd && errno == ENOSYS) return open_on_same_device(parent, name);
        return fd;
    }

    /// Before Linux 5.6.
    static UniqueFd open_on_same_device(int parent, const char* name) {
        UniqueFd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        struct stat above {
        }, here{};
        if (fd && ::fstat(parent, &above) == 0 && ::fstat(fd.get(), &here) == 0 && above.st_dev != here.st_dev) {
            errno = EXDEV;
            return {};
        }
        return fd;
    }

    void note(const char* call, const std::string& path) {
        if (!failure_) failure_ = last_error(call, path);
    }

    void clear(int directory, const std::string& path, int depth) {
        UniqueFd reader(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const Directory handle(reader ? ::fdopendir(reader.get()) : nullptr, ::closedir);
        if (!handle) return note("read the directory", path);
        (void)reader.release();
        while (const dirent* entry = ::readdir(handle.get())) {
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") remove(directory, entry->d_name, path, depth);
        }
    }

    void remove(int parent, const char* name, const std::string& above, int depth) {
        if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return;
        if (errno == EROFS && make_writable(parent)) return remove(parent, name, above, depth);
        const std::string path = cat(above, "/", name);
        if (errno != EISDIR) return note("remove", path);
        if (::unlinkat(parent, name, AT_REMOVEDIR) == 0) return;
        if (errno != ENOTEMPTY && errno != EEXIST) return note("remove", path);
        if (depth >= deepest && bury(parent, name)) return;
        UniqueFd directory = open_directory(parent, name);
        // Somebody's own directory that he may not enter: owners may change that.
        if (!directory && errno == EACCES && ::fchmodat(parent, name, 0700, 0) == 0) directory = open_directory(parent, name);
        if (!directory) return note("open", path);
        clear(directory.get(), path, depth + 1);
        if (::unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) note("remove", path);
    }

    /// False unless it is a read-only subvolume of btrfs, as guests make them (btrfs-subvolume(8)).
    static bool make_writable(int directory) {
        __u64 flags = 0;
        const bool read_only = ::ioctl(directory, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) == 0 && (flags & BTRFS_SUBVOL_RDONLY) != 0;
        flags &= ~BTRFS_SUBVOL_RDONLY;
        const bool made = read_only && ::ioctl(directory, BTRFS_IOC_SUBVOL_SETFLAGS, &flags) == 0;
        if (!made) errno = EROFS;
        return made;
    }

    /// A name that the guest cannot have guessed.
    bool bury(int parent, const char* name) {
        struct timespec now {};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        std::string grave = cat(".keelson-removed-", ::getpid(), "-", now.tv_sec, "-", now.tv_nsec, "-", graves_.size());
        if (::renameat(parent, name, root_.get(), grave.c_str()) != 0) return false;
        graves_.push_back(std::move(grave));
        return true;
    }

    std::string top_;
    UniqueFd root_;
    std::vector<std::string> graves_;
    std::optional<Error> failure_;
};

/// [any process, may repeat] Removes a tree; nothing happens when it is gone, or is only a file or link: that is removed.
/// Throws the first failure, after trying all.
inline void remove_tree(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return;
    if (errno != EISDIR) throw Error::last("remove", path);
    UniqueFd directory = TreeRemover::open_top(path);
    if (!directory) throw TreeRemover::last_error("open", path);
    TreeRemover remover(path);
    remover.empty(std::move(directory));
    remover.check();
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT) throw TreeRemover::last_error("remove", path);
}

}  // namespace keelson::sdk
