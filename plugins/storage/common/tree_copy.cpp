#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <plugins/storage/common/tree_copy.hpp>

#include <climits>
#include <map>
#include <memory>
#include <vector>

namespace keelson::storage {

namespace {

using DirectoryHandle = std::unique_ptr<DIR, int (*)(DIR*)>;

void copy_by_reading(int from, int to, off_t begin, off_t end, const std::string& name) {
    std::vector<char> buffer(1 << 17);
    while (begin < end) {
        const auto wanted = static_cast<size_t>(std::min<off_t>(end - begin, static_cast<off_t>(buffer.size())));
        const ssize_t count = ::pread(from, buffer.data(), wanted, begin);
        if (count < 0) throw Error::last("read", name);
        if (count == 0) return;
        if (::pwrite(to, buffer.data(), static_cast<size_t>(count), begin) != count) throw Error::last("write", name);
        begin += count;
    }
}

void copy_range(int from, int to, off_t begin, off_t end, const std::string& name) {
    off_t in = begin, out = begin;
    while (in < end) {
        const ssize_t count = ::copy_file_range(from, &in, to, &out, static_cast<size_t>(end - in), 0);
        if (count > 0) continue;
        if (count == 0) return;
        if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) throw Error::last("copy", name);
        return copy_by_reading(from, to, in, end, name);
    }
}

/// Which mount a directory is in. The device does not tell: subvolumes of one btrfs mount have different ones.
uint64_t mount_of(int directory, const std::string& name) {
    struct statx facts {};
    if (::statx(directory, "", AT_EMPTY_PATH, STATX_MNT_ID, &facts) != 0) throw Error::last("stat", name);
    if ((facts.stx_mask & STATX_MNT_ID) != 0) return facts.stx_mnt_id;
    return makedev(facts.stx_dev_major, facts.stx_dev_minor);
}

/// Of something that was there a moment ago, in a container that runs.
bool has_vanished() { return errno == ENOENT || errno == ESTALE; }

/// `path` is relative to the root of the copy.
std::string shown(const std::string& path) {
    constexpr size_t enough = 200;
    return path.size() <= enough ? cat("/", path) : cat("/", path.substr(0, enough), "...");
}

using Identity = std::pair<dev_t, ino_t>;

Identity identity_of(int file, const std::string& path) {
    struct stat facts {};
    if (::fstat(file, &facts) != 0) throw Error::last("stat", shown(path));
    return {facts.st_dev, facts.st_ino};
}

/// A directory on both sides.
class Directory {
public:
    Directory(UniqueFd from, UniqueFd to) : from_(std::move(from)), to_(std::move(to)) {}

    int from() const { return from_.get(); }
    int to() const { return to_.get(); }

    /// What is done below needs no descriptor for it.
    void close(const std::string& path) {
        identities_ = {identity_of(from(), path), identity_of(to(), path)};
        from_.reset();
        to_.reset();
    }
    void reopen_above(const Directory& below, const std::string& path) {
        from_.reset(::openat(below.from(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
        to_.reset(::openat(below.to(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!from_ || !to_) throw Error::last("open", shown(path));
        if (std::pair(identity_of(from(), path), identity_of(to(), path)) == identities_) return;
        throw Error(EBUSY, shown(path), "a directory was moved while it was copied:", "stop the container first");
    }

private:
    UniqueFd from_, to_;
    std::pair<Identity, Identity> identities_;
};

class Copier {
public:
    Copier(int to_root, uint64_t mount) : to_root_(to_root), target_(identity_of(to_root, {})), mount_(mount) {}

    /// `path` is relative to both roots; empty for themselves.
    void copy_directory(Directory& here, const std::string& path, int depth) {
        for (const std::string& name : copy_files(here, path)) copy_below(here, name, below(path, name), depth);
    }

    /// Each change of an inode is one for the filesystem's journal, so what is right already is left.
    void copy_attributes(int from, int to, const struct stat& facts, const std::string& path) const {
        struct stat made {};
        if (::fstat(to, &made) != 0) throw Error::last("stat", shown(path));
        const bool given = made.st_uid != facts.st_uid || made.st_gid != facts.st_gid;
        if (given && ::fchownat(to, "", facts.st_uid, facts.st_gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0)
            throw Error::last("change the owner of", shown(path));
        // A new owner takes setuid and setgid away (chown(2)).
        const bool right = made.st_mode == facts.st_mode && !given;
        if (!S_ISLNK(facts.st_mode) && !right && !change_mode(to, facts.st_mode & 07777))
            throw Error::last("set the mode of", shown(path));
        if (may_have_attributes(from)) copy_extended(descriptor(from), descriptor(to), path);
        const timespec times[2] = {facts.st_atim, facts.st_mtim};
        if (::utimensat(to, "", times, AT_EMPTY_PATH) != 0 && ::utimensat(AT_FDCWD, descriptor(to).c_str(), times, 0) != 0)
            throw Error::last("set the times of", shown(path));
    }

private:
    static std::string descriptor(int fd) { return cat("/proc/self/fd/", fd); }

    // A link and a special file are open as a path alone (O_PATH), which these calls do not take.
    static bool change_mode(int fd, mode_t mode) {
        return ::fchmod(fd, mode) == 0 || (errno == EBADF && ::chmod(descriptor(fd).c_str(), mode) == 0);
    }
    static bool may_have_attributes(int fd) { return ::flistxattr(fd, nullptr, 0) != 0; }

    /// A guest can nest directories deeper than a process has descriptors. Those above this depth stay open all the same, as
    /// the way back to them does not depend on what a container that runs moves.
    static constexpr int deepest_open = 32;

    static std::string below(const std::string& path, const std::string& name) {
        return path.empty() ? name : cat(path, "/", name);
    }

    /// All but the directories, whose names it returns.
    std::vector<std::string> copy_files(const Directory& here, const std::string& path) {
        UniqueFd reader(::openat(here.from(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!reader && has_vanished()) return {};
        const DirectoryHandle handle(reader ? ::fdopendir(reader.get()) : nullptr, ::closedir);
        if (!handle) throw Error::last("read the directory", shown(path));
        (void)reader.release();
        std::vector<std::string> directories;
        for (errno = 0; const dirent* entry = ::readdir(handle.get()); errno = 0) {
            const std::string name = entry->d_name;
            if (name == "." || name == "..") continue;
            if (entry->d_type == DT_DIR || !copy(here, entry->d_name, below(path, name))) directories.push_back(name);
        }
        if (errno != 0) throw Error::last("read the directory", shown(path));
        return directories;
    }

    /// False for a directory.
    bool copy(const Directory& here, const char* name, const std::string& path) {
        const UniqueFd file(::openat(here.from(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat facts {};
        if (!file && has_vanished()) return true;
        if (!file || ::fstat(file.get(), &facts) != 0) throw Error::last("open", shown(path));
        if (S_ISDIR(facts.st_mode)) return false;
        if (facts.st_nlink > 1 && link_known(facts, here.to(), name, path)) return true;
        const bool made = S_ISREG(facts.st_mode) ? copy_file(file.get(), here.to(), name, facts, path)
                                                 : copy_special(file.get(), here.to(), name, facts, path);
        if (made && facts.st_nlink > 1) links_.try_emplace({facts.st_dev, facts.st_ino}, path);
        return true;
    }

    void copy_below(Directory& above, const std::string& name, const std::string& path, int depth) {
        UniqueFd from(::openat(above.from(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        // Something else may be there now.
        if (!from && (has_vanished() || errno == ENOTDIR || errno == ELOOP)) return;
        struct stat facts {};
        if (!from || ::fstat(from.get(), &facts) != 0) throw Error::last("open", shown(path));
        // A copy that lies in its original would have itself in it.
        if (Identity{facts.st_dev, facts.st_ino} == target_) return;
        if (path.size() >= PATH_MAX) throw Error(ENAMETOOLONG, shown(path), "directories are nested too deep to be copied:");
        if (::mkdirat(above.to(), name.c_str(), 0700) != 0) throw Error::last("make the directory", shown(path));
        UniqueFd to(::openat(above.to(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!to) throw Error::last("open", shown(path));
        Directory here(std::move(from), std::move(to));
        if (mount_of(here.from(), path) == mount_) copy_inside(above, here, path, depth + 1);
        copy_attributes(here.from(), here.to(), facts, path);
    }

    void copy_inside(Directory& above, Directory& here, const std::string& path, int depth) {
        const bool keep_open = depth <= deepest_open;
        if (!keep_open) above.close(path);
        copy_directory(here, path, depth);
        if (!keep_open) above.reopen_above(here, path);
    }

    bool copy_special(int file, int to, const char* name, const struct stat& facts, const std::string& path) const {
        if (S_ISLNK(facts.st_mode)) {
            make_link(file, to, name, path);
        } else if (::mknodat(to, name, (facts.st_mode & S_IFMT) | 0600, facts.st_rdev) != 0) {
            throw Error::last("make the special file", shown(path));
        }
        const UniqueFd made(::openat(to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!made) throw Error::last("open", shown(path));
        copy_attributes(file, made.get(), facts, path);
        return true;
    }

    /// False if the file has vanished.
    bool copy_file(int file, int to, const char* name, const struct stat& facts, const std::string& path) const {
        const UniqueFd source(::open(descriptor(file).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!source && has_vanished()) return false;
        if (!source) throw Error::last("open", shown(path));
        // What is to be somebody else's is nobody's until then.
        const bool ours = facts.st_uid == ::geteuid() && facts.st_gid == ::getegid();
        const mode_t mode = ours ? facts.st_mode & 0777 : 0600;
        const UniqueFd made(::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
        if (!made) throw Error::last("make the file", shown(path));
        copy_content(source.get(), made.get(), shown(path));
        copy_attributes(source.get(), made.get(), facts, path);
        return true;
    }

    bool link_known(const struct stat& facts, int to, const char* name, const std::string& path) const {
        const auto known = links_.find({facts.st_dev, facts.st_ino});
        if (known == links_.end()) return false;
        if (::linkat(to_root_, known->second.c_str(), to, name, 0) != 0) throw Error::last("make the hard link", shown(path));
        return true;
    }

    void make_link(int file, int to, const char* name, const std::string& path) const {
        char text[PATH_MAX];
        const ssize_t length = ::readlinkat(file, "", text, sizeof text - 1);
        if (length < 0) throw Error::last("read the link", shown(path));
        text[length] = '\0';
        if (::symlinkat(text, to, name) != 0) throw Error::last("make the link", shown(path));
    }

    void copy_extended(const std::string& source, const std::string& target, const std::string& path) const {
        std::vector<char> names(4096), value;
        ssize_t length = ::listxattr(source.c_str(), names.data(), names.size());
        if (length < 0 && errno == ERANGE) {
            names.resize(1 << 16);
            length = ::listxattr(source.c_str(), names.data(), names.size());
        }
        if (length < 0 && errno != EOPNOTSUPP) throw Error::last("list the attributes of", shown(path));
        for (ssize_t at = 0; at < length; at += static_cast<ssize_t>(std::strlen(&names[static_cast<size_t>(at)])) + 1) {
            const char* name = &names[static_cast<size_t>(at)];
            value.resize(1 << 16);
            const ssize_t size = ::getxattr(source.c_str(), name, value.data(), value.size());
            if (size < 0 && errno == ENODATA) continue;  // it has vanished
            if (size < 0) throw Error::last(cat("read ", name, " of"), shown(path));
            value.resize(static_cast<size_t>(size));
            if (has_attribute(target, name, value)) continue;
            if (::setxattr(target.c_str(), name, value.data(), value.size(), 0) == 0) continue;
            if (errno == EOPNOTSUPP && is_of_one_filesystem(name)) continue;
            throw Error::last(cat("set ", name, " of"), shown(path));
        }
    }

    /// How it keeps the file, such as btrfs.compression: of no matter to another. All others are in these namespaces
    /// (xattr(7)).
    static bool is_of_one_filesystem(std::string_view name) {
        const auto is_in = [name](const char* space) { return name.starts_with(space); };
        return !is_in("user.") && !is_in("trusted.") && !is_in("security.") && !is_in("system.");
    }

    /// A security module labels what is made, also with labels that it lets nobody set, such as SELinux's "unlabeled".
    static bool has_attribute(const std::string& file, const char* name, const std::vector<char>& value) {
        std::vector<char> present(value.size());
        return ::getxattr(file.c_str(), name, present.data(), present.size()) == static_cast<ssize_t>(value.size()) &&
               present == value;
    }

    int to_root_;
    Identity target_;
    uint64_t mount_;
    std::map<Identity, std::string> links_;
};

UniqueFd open_directory(const std::string& path) {
    UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) throw Error::last("open", path);
    return directory;
}

/// What the directory above gives to all that is made in it, the original need not have.
void drop_inherited_acl(int directory) {
    for (const char* acl : {"system.posix_acl_default", "system.posix_acl_access"}) ::fremovexattr(directory, acl);
}

}  // namespace

void copy_content(int from, int to, const std::string& name_for_errors) {
    struct stat facts {};
    if (::fstat(from, &facts) != 0) throw Error::last("stat", name_for_errors);
    if (facts.st_size == 0 || ::ioctl(to, FICLONE, from) == 0) return;
    constexpr off_t block = 512;  // whatever the filesystem's are (stat(3type))
    if (facts.st_blocks * block >= facts.st_size) return copy_range(from, to, 0, facts.st_size, name_for_errors);
    off_t written = 0;
    for (off_t end = 0; end < facts.st_size;) {
        const off_t data = ::lseek(from, end, SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;
        const off_t begin = data < 0 ? end : data;
        const off_t hole = data < 0 ? -1 : ::lseek(from, begin, SEEK_HOLE);
        written = end = hole < 0 ? facts.st_size : hole;
        copy_range(from, to, begin, end, name_for_errors);
    }
    if (written < facts.st_size && ::ftruncate(to, facts.st_size) != 0) throw Error::last("set the size of", name_for_errors);
}

void copy_tree(const std::string& from, const std::string& to) try {
    Directory roots(open_directory(from), open_directory(to));
    drop_inherited_acl(roots.to());
    struct stat facts {};
    if (::fstat(roots.from(), &facts) != 0) throw Error::last("stat", from);
    Copier copier(roots.to(), mount_of(roots.from(), from));
    copier.copy_directory(roots, {}, 0);
    copier.copy_attributes(roots.from(), roots.to(), facts, {});
} catch (Error& error) {
    throw error.at(cat("copy ", from, " to ", to));
}

}  // namespace keelson::storage
