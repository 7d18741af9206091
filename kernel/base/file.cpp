#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <keelson/sdk/file.hpp>
#include <kernel/base/file.hpp>

namespace keelson::base {

namespace {

/// Ownership and mode of the file that is replaced. Another owner can only be kept by root.
void take_over_owner(int fd, const std::string& path) {
    struct stat old {};
    if (::stat(path.c_str(), &old) != 0) return;
    if ((old.st_uid != ::geteuid() || old.st_gid != ::getegid()) && ::fchown(fd, old.st_uid, old.st_gid) != 0 &&
        ::geteuid() == 0)
        throw Error::last("keep the owner of", path);
    if (::fchmod(fd, old.st_mode & 07777) != 0) throw Error::last("keep the mode of", path);
}

/// Not every filesystem can, and one that we may not read is left to itself.
void write_names_to_disk(const std::string& directory) {
    const UniqueFd open(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!open && errno == EACCES) return;
    if (!open || (::fsync(open.get()) != 0 && errno != EINVAL)) throw Error::last("write", directory);
}

}  // namespace

std::string real_path(const std::string& path) {
    char resolved[PATH_MAX];
    return ::realpath(path.c_str(), resolved) != nullptr ? resolved : path;
}

UniqueFd open_at(int directory, const std::string& path, int flags, unsigned mode) {
    const int fd = ::openat(directory, path.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) throw Error::last("open", path);
    return UniqueFd(fd);
}

UniqueFd open_file(const std::string& path, int flags, unsigned mode) { return open_at(AT_FDCWD, path, flags, mode); }

std::string read_fd(int fd, const std::string& name_for_errors) {
    // Files of /proc and /sys say 0 or 4096 bytes and mean neither, so the size is only where reading starts.
    struct stat facts {};
    const size_t expected = ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) ? static_cast<size_t>(facts.st_size) : 0;
    std::string text(expected != 0 ? expected + 1 : 4096, '\0');
    size_t filled = 0;
    for (;;) {
        if (filled == text.size()) text.resize(text.size() * 2);
        const ssize_t count = ::read(fd, text.data() + filled, text.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw Error::last("read", name_for_errors);
        if (count == 0) break;
        filled += static_cast<size_t>(count);
        if (filled == expected) break;  // as long as it was when it was opened
    }
    text.resize(filled);
    return text;
}

std::string read_file(const std::string& path) { return read_fd(open_file(path, O_RDONLY).get(), path); }

std::optional<std::string> read_file_if_there(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && (errno == ENOENT || errno == ESRCH)) return std::nullopt;
    if (!file) throw Error::last("open", path);
    try {
        return read_fd(file.get(), path);
    } catch (const Error& error) {
        if (error.code() == ESRCH) return std::nullopt;
        throw;
    }
}

void write_fd(int fd, std::string_view text, const std::string& name_for_errors) {
    ssize_t count;
    do count = ::write(fd, text.data(), text.size());
    while (count < 0 && errno == EINTR);
    if (count < 0) throw Error::last("write", name_for_errors);
    if (static_cast<size_t>(count) != text.size()) throw Error(EIO, name_for_errors, "only a part was written to");
}

void write_file(const std::string& path, std::string_view text) { write_fd(open_file(path, O_WRONLY).get(), text, path); }

namespace {

/// The path, or where the link that stands there leads if that is ours or root's. Another one that is put there afterwards is
/// for the caller not to follow.
std::string trusted_path(const std::string& path) {
    const UniqueFd link(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat facts {};
    if (!link || ::fstat(link.get(), &facts) != 0 || !S_ISLNK(facts.st_mode)) return path;
    if (facts.st_uid != 0 && facts.st_uid != ::geteuid())
        throw Error(ELOOP, path, cat("the symbolic link belongs to another user, uid ", facts.st_uid, ":"),
                    "name the file that it leads to, or put a file in its place");
    char to[PATH_MAX];
    const ssize_t length = ::readlinkat(link.get(), "", to, sizeof to);
    if (length < 0) throw Error::last("read the link", path);
    const std::string target(to, static_cast<size_t>(length));
    return real_path(target.starts_with('/') ? target : cat(path.substr(0, path.rfind('/') + 1), target));
}

}  // namespace

std::string read_trusted_file(const std::string& path) {
    const UniqueFd file(::open(trusted_path(path).c_str(), sdk::flags_of_given | O_NOFOLLOW));
    if (!file) throw Error::last("open", path);
    return sdk::read_given(file.get(), path);
}

void replace_file(const std::string& path, std::string_view text, unsigned mode) {
    const std::string target = trusted_path(path);
    std::string beside = target + ".XXXXXX";
    const UniqueFd file(::mkostemp(beside.data(), O_CLOEXEC));
    if (!file) throw Error::last("make a file beside", target);
    try {
        const mode_t mask = ::umask(0);
        ::umask(mask);
        if (::fchmod(file.get(), mode & ~mask) != 0) throw Error::last("set the mode of", beside);
        take_over_owner(file.get(), target);
        if (!text.empty()) write_fd(file.get(), text, beside);
        if (::fsync(file.get()) != 0) throw Error::last("write", beside);
        if (::rename(beside.c_str(), target.c_str()) != 0) throw Error::last("replace", target);
    } catch (...) {
        ::unlink(beside.c_str());
        throw;
    }
    const size_t slash = target.rfind('/');
    write_names_to_disk(slash == std::string::npos ? "." : target.substr(0, slash + 1));
}

void put_runtime_file(const std::string& path, std::string_view text, unsigned mode) {
    const std::string beside = path + ".new";
    write_fd(open_file(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode).get(), text, beside);
    if (::rename(beside.c_str(), path.c_str()) != 0) throw Error::last("replace", path);
}

namespace {

/// 0, or why a directory that could not be made is not there either: ENOENT if it was when it should be made.
int why_missing(const std::string& directory, int error_of_mkdir) {
    struct stat facts {};
    if (::stat(directory.c_str(), &facts) != 0) return error_of_mkdir == EEXIST ? ENOENT : error_of_mkdir;
    return S_ISDIR(facts.st_mode) ? 0 : ENOTDIR;
}

}  // namespace

void make_directories(const std::string& path, unsigned mode) {
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        const int reason = ::mkdir(part.c_str(), mode) == 0 ? 0 : why_missing(part, errno);
        if (reason != 0) throw Error(reason, part, "make the directory");
        if (end == std::string::npos) return;
    }
}

bool exists(const std::string& path, int directory) {
    if (::faccessat(directory, path.c_str(), F_OK, AT_EACCESS) == 0) return true;
    constexpr int says_no[] = {ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG};
    if (std::ranges::find(says_no, errno) == std::end(says_no)) throw Error::last("look for", path);
    return false;
}

/// By getdents64(2): opendir(3) takes 32 KiB of heap, which is more than most commands have used by then.
std::vector<std::string> names_in(const std::string& directory) {
    std::vector<std::string> names;
    const UniqueFd open(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!open && (errno == ENOENT || errno == ENOTDIR)) return names;
    if (!open) throw Error::last("open", directory);
    alignas(dirent64) std::array<char, 4096> entries;
    ssize_t filled = 0;
    while ((filled = ::getdents64(open.get(), entries.data(), entries.size())) > 0) {
        for (ssize_t at = 0; at < filled;) {
            const auto* entry = reinterpret_cast<const dirent64*>(entries.data() + at);
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
            at += entry->d_reclen;
        }
    }
    if (filled < 0) throw Error::last("read the directory", directory);
    return names;
}

std::string path_of(int fd) {
    const std::string link = cat("/proc/self/fd/", fd);
    char path[PATH_MAX];
    const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
    if (length <= 0) throw Error::last("readlink", link);
    return {path, static_cast<size_t>(length)};
}

std::vector<int> inheritable_fds() {
    std::vector<int> found;
    for (const std::string& name : names_in("/proc/self/fd")) {
        const int fd = ::atoi(name.c_str()), flags = ::fcntl(fd, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) found.push_back(fd);
    }
    return found;
}

}  // namespace keelson::base
