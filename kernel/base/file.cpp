#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <kernel/base/file.hpp>

namespace keelson::base {

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
    }
    text.resize(filled);
    return text;
}

std::string read_file(const std::string& path) { return read_fd(open_file(path, O_RDONLY).get(), path); }

void write_fd(int fd, std::string_view text, const std::string& name_for_errors) {
    ssize_t count;
    do count = ::write(fd, text.data(), text.size());
    while (count < 0 && errno == EINTR);
    if (count < 0) throw Error::last("write", name_for_errors);
    if (static_cast<size_t>(count) != text.size()) throw Error(EIO, name_for_errors, "only a part was written to");
}

void write_file(const std::string& path, std::string_view text) { write_fd(open_file(path, O_WRONLY).get(), text, path); }

void make_directories(const std::string& path, unsigned mode) {
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        if (::mkdir(part.c_str(), mode) != 0) {
            const int reason = errno;
            struct stat facts {};
            const bool there = ::stat(part.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
            if (!there) throw Error(reason == EEXIST ? ENOTDIR : reason, part, "make the directory");
        }
        if (end == std::string::npos) return;
    }
}

bool exists(const std::string& path) noexcept { return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) == 0; }

std::vector<int> inheritable_fds() {
    std::vector<int> found;
    DIR* directory = ::opendir("/proc/self/fd");
    if (directory == nullptr) return found;
    while (const dirent* entry = ::readdir(directory)) {
        const int fd = ::atoi(entry->d_name);
        const int flags = entry->d_name[0] == '.' ? -1 : ::fcntl(fd, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) found.push_back(fd);
    }
    ::closedir(directory);
    return found;
}

}  // namespace keelson::base
