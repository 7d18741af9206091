#include <kernel/plugins/trusted_file.hpp>

#include <keelson/sdk/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <memory>

#include <algorithm>

namespace keelson::plugins {
namespace {

constexpr mode_t by_others = S_IWGRP | S_IWOTH;

std::string canonical(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> found(::realpath(path.c_str(), nullptr), &std::free);
    if (!found) throw Error::last("open", path);
    return found.get();
}

struct stat status_of(int fd, const std::string& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) throw Error::last("stat", path);
    return status;
}

std::string octal(mode_t mode) {
    std::string text = "0000";
    for (int i = 3; i >= 0; --i, mode >>= 3) text[i] = static_cast<char>('0' + (mode & 7));
    return text;
}

struct stat check_hands(int fd, const std::string& path, uid_t user) {
    const struct stat status = status_of(fd, path);
    if (status.st_uid != 0 && status.st_uid != user)
        throw Error(0, path,
                    cat("plugins load only from what belongs to root", user == 0 ? "" : cat(" or to uid ", user), ", but uid ",
                        status.st_uid, " owns"),
                    cat("if you trust what is in it: chown ", user, " ", path));
    const bool sticky_directory = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
    if ((status.st_mode & by_others) != 0 && !sticky_directory)
        throw Error(0, path,
                    cat("plugins load only from what nobody else can write, but mode ", octal(status.st_mode & 07777),
                        " lets others write"),
                    cat("if you trust what is in it: chmod go-w ", path));
    return status;
}

UniqueFd step(int directory, const std::string& name, int flags, const std::string& path) {
    UniqueFd fd(::openat(directory, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) throw Error::last("open", path);
    return fd;
}

UniqueFd regular(UniqueFd fd, const struct stat& status, const std::string& path) {
    if (!S_ISREG(status.st_mode)) throw Error(0, path, "not a regular file:");
    return fd;
}

}  // namespace

/// Each directory is opened in the one above, which was checked before; only the way over a symbolic link is looked up anew.
UniqueFd TrustedFiles::step_into(const std::string& path) {
    if (path == "/") return step(AT_FDCWD, path, O_PATH | O_DIRECTORY, path);
    const size_t slash = path.rfind('/');
    const UniqueFd above = directory(slash == 0 ? "/" : path.substr(0, slash));
    UniqueFd here(::openat(above.get(), path.c_str() + slash + 1, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (here) return here;
    const int cause = errno;
    const std::string real = canonical(path);
    if (real == path) throw Error(cause, path, "open");
    return directory(real);
}

UniqueFd TrustedFiles::directory(const std::string& path) {
    if (const auto known = walked_.find(path); known != walked_.end()) {
        UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        struct stat now {};
        const bool same =
            fd && ::fstat(fd.get(), &now) == 0 && now.st_dev == known->second.device && now.st_ino == known->second.inode;
        if (same) return fd;
    }
    UniqueFd fd = step_into(path);
    const struct stat status = check_hands(fd.get(), path, user_);
    walked_[path] = {status.st_dev, status.st_ino};
    return fd;
}

UniqueFd TrustedFiles::open(const std::string& path) {
    struct stat status {};
    const bool link = ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
    const std::string whole = link || !path.starts_with('/') ? canonical(path) : path;
    const size_t slash = whole.rfind('/');
    const UniqueFd parent = directory(slash == 0 ? "/" : whole.substr(0, slash));
    UniqueFd file = step(parent.get(), whole.substr(slash + 1), O_RDONLY | O_NONBLOCK, whole);
    return regular(std::move(file), check_hands(file.get(), whole, user_), whole);
}

UniqueFd open_regular(const std::string& path) {
    UniqueFd file = step(AT_FDCWD, canonical(path), O_RDONLY | O_NONBLOCK, path);
    const struct stat status = status_of(file.get(), path);
    return regular(std::move(file), status, path);
}

}  // namespace keelson::plugins
