#include "tree.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <keelson/sdk/error.hpp>

namespace keelson::templates {

namespace {

std::string last_component(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

std::string_view without_last(std::string_view path) {
    const size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view(".") : path.substr(0, slash);
}

int open_in_root(int root, const std::string& path, int flags) {
    struct open_how how = {};
    how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

void write_all(int fd, std::string_view content, const std::string& object) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw Error::last("write", object);
        content.remove_prefix(static_cast<size_t>(count));
    }
}

/// copy_file_range(2) shares the blocks where the file system can, but does not cross from one type of them to another.
bool copy_all(int from, int to) {
    constexpr size_t at_once = size_t{1} << 30;
    for (bool share = true;;) {
        const ssize_t count =
            share ? ::copy_file_range(from, nullptr, to, nullptr, at_once, 0) : ::sendfile(to, from, nullptr, at_once);
        if (count == 0) return true;
        if (count > 0 || errno == EINTR) continue;
        if (!share || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)) return false;
        share = false;
    }
}

}  // namespace

Tree::Tree(const std::string& root) : name_(root), root_(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    if (!root_) throw Error::last("open the rootfs", root);
}

UniqueFd Tree::open(std::string_view path, int flags) const {
    return UniqueFd(open_in_root(root_.get(), std::string(path), flags));
}

UniqueFd Tree::parent(std::string_view path) {
    const std::string_view above = without_last(path);
    UniqueFd fd = open(above, O_PATH | O_DIRECTORY);
    if (fd || errno != ENOENT) {
        if (!fd) throw Error::last("open", cat(name_, '/', above));
        return fd;
    }
    directory(above);
    return parent(path);
}

void Tree::directory(std::string_view path, mode_t mode) {
    const UniqueFd above = parent(path);
    const std::string name = last_component(path);
    if (::mkdirat(above.get(), name.c_str(), mode) < 0) {
        if (errno == EEXIST && is_directory(path)) return;
        throw Error::last("make the directory", cat(name_, '/', path));
    }
    if (::fchmodat(above.get(), name.c_str(), mode, 0) < 0) throw Error::last("chmod", cat(name_, '/', path));
}

UniqueFd Tree::create(std::string_view path) {
    const UniqueFd above = parent(path);
    const std::string name = last_component(path);
    for (int attempt = 0;; ++attempt) {
        UniqueFd fd(::openat(above.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (fd) return fd;
        if (errno != EEXIST || attempt > 0) throw Error::last("create", cat(name_, '/', path));
        remove(path);
    }
}

void Tree::file(std::string_view path, std::string_view content, mode_t mode) {
    const UniqueFd fd = create(path);
    write_all(fd.get(), content, cat(name_, '/', path));
    if (::fchmod(fd.get(), mode) < 0) throw Error::last("chmod", cat(name_, '/', path));
}

void Tree::copy(std::string_view path, const std::string& host_file, mode_t mode) {
    const UniqueFd from(::open(host_file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!from) throw Error::last("open", host_file);
    const UniqueFd to = create(path);
    if (!copy_all(from.get(), to.get())) throw Error::last(cat("copy ", host_file, " to"), cat(name_, '/', path));
    if (::fchmod(to.get(), mode) < 0) throw Error::last("chmod", cat(name_, '/', path));
}

void Tree::link(std::string_view path, std::string_view target) {
    const UniqueFd above = parent(path);
    const std::string name = last_component(path), text(target);
    if (::symlinkat(text.c_str(), above.get(), name.c_str()) == 0) return;
    if (errno == EEXIST) {
        remove(path);
        if (::symlinkat(text.c_str(), above.get(), name.c_str()) == 0) return;
    }
    throw Error::last("make the link", cat(name_, '/', path));
}

void Tree::hard_link(std::string_view path, std::string_view existing) {
    const UniqueFd from = parent(existing), to = parent(path);
    remove(path);
    if (::linkat(from.get(), last_component(existing).c_str(), to.get(), last_component(path).c_str(), 0) < 0)
        throw Error::last("link", cat(name_, '/', path));
}

void Tree::remove(std::string_view path) {
    const UniqueFd above = open(without_last(path), O_PATH | O_DIRECTORY);
    const std::string name = last_component(path);
    if (!above && errno == ENOENT) return;
    if (!above || (::unlinkat(above.get(), name.c_str(), 0) < 0 && errno != ENOENT &&
                   (errno != EISDIR || ::unlinkat(above.get(), name.c_str(), AT_REMOVEDIR) < 0)))
        throw Error::last("remove", cat(name_, '/', path));
}

bool Tree::exists(std::string_view path) const { return static_cast<bool>(open(path, O_PATH | O_NOFOLLOW)); }

bool Tree::is_directory(std::string_view path) const { return static_cast<bool>(open(path, O_PATH | O_DIRECTORY)); }

std::string Tree::read(std::string_view path) const {
    const UniqueFd fd = open(path, O_RDONLY | O_NONBLOCK);
    if (!fd) throw Error::last("open", cat(name_, '/', path));
    std::string content;
    char buffer[8192];
    for (ssize_t count; (count = ::read(fd.get(), buffer, sizeof buffer)) != 0;) {
        if (count < 0) throw Error::last("read", cat(name_, '/', path));
        content.append(buffer, static_cast<size_t>(count));
    }
    return content;
}

}  // namespace keelson::templates
