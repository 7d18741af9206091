#include <fcntl.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <keelson/sdk/remove_tree.hpp>
#include <kernel/filesystem/tree.hpp>

#include <array>
#include <set>
#include <utility>
#include <vector>

namespace keelson::filesystem {

void remove_tree(const std::string& path) { sdk::remove_tree(path); }

namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

class Shifter {
public:
    explicit Shifter(std::span<const abi::IdRange> ranges) : ranges_(ranges) {}

    void shift(int parent, const char* name, const std::string& path) {
        const UniqueFd file(::openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat facts {};
        if (!file || ::fstat(file.get(), &facts) != 0) throw Error::last("open", path);
        if (first_time(facts)) shift_one(file.get(), facts, path);
        if (S_ISDIR(facts.st_mode)) shift_below(parent, name, facts, path);
    }

private:
    /// A file with several names is met as often.
    bool first_time(const struct stat& facts) {
        return S_ISDIR(facts.st_mode) || facts.st_nlink < 2 || seen_.insert({facts.st_dev, facts.st_ino}).second;
    }

    uint32_t host_id(abi::IdKind kind, uint32_t id, const std::string& path) const {
        for (const abi::IdRange& range : ranges_) {
            if (range.kind == kind && id >= range.inside && id - range.inside < range.count)
                return range.host + (id - range.inside);
        }
        const char* what = kind == abi::IdKind::user ? "uid " : "gid ";
        throw Error(EOVERFLOW, path, cat("the id map of the container has no ", what, id, ", the owner of"),
                    cat("add a line to lxc.idmap that maps ", what, id));
    }

    void shift_one(int file, const struct stat& facts, const std::string& path) const {
        const std::string name = cat("/proc/self/fd/", file);
        const std::string capability = S_ISREG(facts.st_mode) ? attribute(name, "security.capability") : std::string();
        const uint32_t uid = host_id(abi::IdKind::user, facts.st_uid, path);
        const uint32_t gid = host_id(abi::IdKind::group, facts.st_gid, path);
        if (::fchownat(file, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0)
            throw Error::last("change the owner of", path);
        if (S_ISLNK(facts.st_mode)) return;
        // A change of owner takes these away (chown(2)).
        if ((facts.st_mode & (S_ISUID | S_ISGID)) != 0 && ::chmod(name.c_str(), facts.st_mode & 07777) != 0) {
            throw Error::last("set the mode of", path);
        }
        if (!capability.empty()) shift_capability(name, capability, path);
        for (const char* acl : {"system.posix_acl_access", "system.posix_acl_default"}) shift_acl(name, acl, path);
    }

    static std::string attribute(const std::string& file, const char* name) {
        std::array<char, 4096> value;
        const ssize_t length = ::getxattr(file.c_str(), name, value.data(), value.size());
        if (length < 0 && errno == ERANGE) throw Error::last(cat("read ", name, " of"), file);
        return {value.data(), length > 0 ? static_cast<size_t>(length) : 0};
    }

    static void set_attribute(const std::string& file, const char* name, const std::string& value, const std::string& path) {
        if (::setxattr(file.c_str(), name, value.data(), value.size(), 0) != 0)
            throw Error::last(cat("set ", name, " of"), path);
    }

    /// Version 3 names the root that the capability is good for (capabilities(7), "Namespaced file capabilities").
    void shift_capability(const std::string& file, const std::string& value, const std::string& path) const {
        vfs_ns_cap_data data{};
        std::memcpy(&data, value.data(), std::min(value.size(), sizeof data));
        const bool has_root = value.size() >= sizeof data && (data.magic_etc & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_3;
        data.rootid = host_id(abi::IdKind::user, has_root ? data.rootid : 0, path);
        data.magic_etc = VFS_CAP_REVISION_3 | (data.magic_etc & VFS_CAP_FLAGS_MASK);
        set_attribute(file, "security.capability", {reinterpret_cast<const char*>(&data), sizeof data}, path);
    }

    void shift_acl(const std::string& file, const char* name, const std::string& path) const {
        std::string value = attribute(file, name);
        if (value.size() < sizeof(posix_acl_xattr_header)) return;
        for (size_t at = sizeof(posix_acl_xattr_header); at + sizeof(posix_acl_xattr_entry) <= value.size();
             at += sizeof(posix_acl_xattr_entry)) {
            posix_acl_xattr_entry entry;
            std::memcpy(&entry, value.data() + at, sizeof entry);
            if (entry.e_tag == ACL_USER) entry.e_id = host_id(abi::IdKind::user, entry.e_id, path);
            if (entry.e_tag == ACL_GROUP) entry.e_id = host_id(abi::IdKind::group, entry.e_id, path);
            std::memcpy(value.data() + at, &entry, sizeof entry);
        }
        set_attribute(file, name, value, path);
    }

    void shift_below(int parent, const char* name, const struct stat& above, const std::string& path) {
        UniqueFd directory(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        struct stat facts {};
        if (!directory || ::fstat(directory.get(), &facts) != 0) throw Error::last("open", path);
        if (facts.st_dev != above.st_dev) return;
        const int fd = directory.get();
        const Directory handle(::fdopendir(directory.release()), ::closedir);
        if (!handle) throw Error::last("read the directory", path);
        for (errno = 0; const dirent* entry = ::readdir(handle.get()); errno = 0) {
            const std::string_view child = entry->d_name;
            if (child != "." && child != "..") shift_child(fd, entry->d_name, facts, path);
        }
        if (errno != 0) throw Error::last("read the directory", path);
    }

    void shift_child(int parent, const char* name, const struct stat& above, const std::string& path) {
        struct stat facts {};
        const std::string child = cat(path, "/", name);
        if (::fstatat(parent, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) throw Error::last("stat", child);
        if (facts.st_dev == above.st_dev) shift(parent, name, child);
    }

    std::span<const abi::IdRange> ranges_;
    std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

void shift_tree(const std::string& path, std::span<const abi::IdRange> ranges) {
    Shifter(ranges).shift(AT_FDCWD, path.c_str(), path);
}

}  // namespace keelson::filesystem
