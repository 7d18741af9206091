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

void check_hands(const struct stat& status, const std::string& path, uid_t user) {
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
}

struct stat link_status_of(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) throw Error::last("open", path);
    return status;
}

UniqueFd open_itself(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) throw Error::last("open", path);
    return fd;
}

void check_regular(const struct stat& status, const std::string& path) {
    if (!S_ISREG(status.st_mode)) throw Error(0, path, "not a regular file:");
}

std::string above(const std::string& path) { return path.substr(0, std::max<size_t>(path.rfind('/'), 1)); }

std::string inside(const std::string& directory, const std::string& path) {
    return cat(directory == "/" ? "" : directory, path.substr(path.rfind('/')));
}

}  // namespace

/// Only the way over a symbolic link is looked up anew.
TrustedFiles::Directory TrustedFiles::walk_to(const std::string& path) {
    const std::string real = path == "/" ? path : inside(directory(above(path)).real_path, path);
    const struct stat status = link_status_of(real);
    if (S_ISLNK(status.st_mode)) return directory(canonical(real));
    if (!S_ISDIR(status.st_mode)) throw Error(ENOTDIR, real, "open");
    check_hands(status, real, user_);
    return {real, status.st_dev, status.st_ino};
}

const TrustedFiles::Directory& TrustedFiles::directory(const std::string& path) {
    if (const auto known = walked_.find(path); known != walked_.end()) return known->second;
    return walked_[path] = walk_to(path);
}

bool TrustedFiles::is_as_walked(const std::string& path) const {
    const auto known = walked_.find(path);
    if (known == walked_.end()) return true;
    struct stat now {};
    const Directory& then = known->second;
    return ::stat(path.c_str(), &now) == 0 && now.st_dev == then.device && now.st_ino == then.inode;
}

void TrustedFiles::check(const std::string& path, const struct stat& status) {
    directory(above(path.starts_with('/') ? path : canonical(path)));
    check_hands(status, path, user_);
}

UniqueFd TrustedFiles::open(const std::string& path) {
    struct stat status {};
    const bool link = ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
    const std::string whole = link || !path.starts_with('/') ? canonical(path) : path;
    if (!is_as_walked(above(whole))) walked_.clear();
    UniqueFd file = open_itself(inside(directory(above(whole)).real_path, whole));
    status = status_of(file.get(), whole);
    check_hands(status, whole, user_);
    check_regular(status, whole);
    return file;
}

UniqueFd open_regular(const std::string& path) {
    UniqueFd file = open_itself(canonical(path));
    check_regular(status_of(file.get(), path), path);
    return file;
}

}  // namespace keelson::plugins
