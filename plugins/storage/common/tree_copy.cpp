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

class Copier {
public:
    Copier(int to_root, uint64_t mount) : to_root_(to_root), mount_(mount) {}

    /// `path` is relative to both roots; empty for themselves.
    void copy_directory(int from, int to, const std::string& path) {
        UniqueFd reader(::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const DirectoryHandle handle(reader ? ::fdopendir(reader.get()) : nullptr, ::closedir);
        if (!handle) throw Error::last("read the directory", shown(path));
        (void)reader.release();
        for (errno = 0; const dirent* entry = ::readdir(handle.get()); errno = 0) {
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..")
                copy(from, to, entry->d_name, path.empty() ? std::string(name) : cat(path, "/", name));
        }
        if (errno != 0) throw Error::last("read the directory", shown(path));
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

    static std::string shown(const std::string& path) { return "/" + path; }

    void copy(int from, int to, const char* name, const std::string& path) {
        const UniqueFd file(::openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat facts {};
        if (!file || ::fstat(file.get(), &facts) != 0) throw Error::last("open", shown(path));
        if (S_ISDIR(facts.st_mode)) return copy_below(file.get(), to, name, facts, path);
        if (facts.st_nlink > 1 && link_known(facts, to, name, path)) return;
        if (S_ISREG(facts.st_mode)) return copy_file(file.get(), to, name, facts, path);
        if (S_ISLNK(facts.st_mode)) {
            make_link(file.get(), to, name, path);
        } else if (::mknodat(to, name, (facts.st_mode & S_IFMT) | 0600, facts.st_rdev) != 0) {
            throw Error::last("make the special file", shown(path));
        }
        const UniqueFd made(::openat(to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
        if (!made) throw Error::last("open", shown(path));
        copy_attributes(file.get(), made.get(), facts, path);
    }

    void copy_below(int file, int to, const char* name, const struct stat& facts, const std::string& path) {
        if (::mkdirat(to, name, 0700) != 0) throw Error::last("make the directory", shown(path));
        const UniqueFd made(::openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!made) throw Error::last("open", shown(path));
        if (mount_of(file, path) == mount_) copy_directory(file, made.get(), path);
        copy_attributes(file, made.get(), facts, path);
    }

    void copy_file(int file, int to, const char* name, const struct stat& facts, const std::string& path) {
        const UniqueFd source(::open(descriptor(file).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!source) throw Error::last("open", shown(path));
        // What is to be somebody else's is nobody's until then.
        const bool ours = facts.st_uid == ::geteuid() && facts.st_gid == ::getegid();
        const mode_t mode = ours ? facts.st_mode & 0777 : 0600;
        const UniqueFd made(::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
        if (!made) throw Error::last("make the file", shown(path));
        copy_content(source.get(), made.get(), shown(path));
        copy_attributes(source.get(), made.get(), facts, path);
    }

    bool link_known(const struct stat& facts, int to, const char* name, const std::string& path) {
        const auto [known, fresh] = links_.try_emplace({facts.st_dev, facts.st_ino}, path);
        if (fresh) return false;
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
            if (size < 0) throw Error::last(cat("read ", name, " of"), shown(path));
            value.resize(static_cast<size_t>(size));
            if (has_attribute(target, name, value)) continue;
            if (::setxattr(target.c_str(), name, value.data(), value.size(), 0) != 0) {
                throw Error::last(cat("set ", name, " of"), shown(path));
            }
        }
    }

    /// A security module labels what is made, also with labels that it lets nobody set, such as SELinux's "unlabeled".
    static bool has_attribute(const std::string& file, const char* name, const std::vector<char>& value) {
        std::vector<char> present(value.size());
        return ::getxattr(file.c_str(), name, present.data(), present.size()) == static_cast<ssize_t>(value.size()) &&
               present == value;
    }

    int to_root_;
    uint64_t mount_;
    std::map<std::pair<dev_t, ino_t>, std::string> links_;
};

UniqueFd open_directory(const std::string& path) {
    UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) throw Error::last("open", path);
    return directory;
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
    const UniqueFd source = open_directory(from), target = open_directory(to);
    struct stat facts {};
    if (::fstat(source.get(), &facts) != 0) throw Error::last("stat", from);
    Copier copier(target.get(), mount_of(source.get(), from));
    copier.copy_directory(source.get(), target.get(), {});
    copier.copy_attributes(source.get(), target.get(), facts, {});
} catch (Error& error) {
    throw error.at(cat("copy ", from, " to ", to));
}

}  // namespace keelson::storage
