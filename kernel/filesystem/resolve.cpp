#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <keelson/sdk/error.hpp>
#include <kernel/base/text.hpp>
#include <kernel/filesystem/mount.hpp>

#include <climits>

namespace keelson::filesystem {

namespace {

int open_beneath(int root, const char* path, uint64_t flags, uint64_t resolve) noexcept {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = resolve;
    return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
}

/// Without empty and "." components, and with ".." carried out. As links are refused, that changes nothing but that the name
/// cannot lead out.
std::vector<std::string> components(const std::string& path) {
    std::vector<std::string> names;
    for (const std::string_view part : base::split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            names.emplace_back(part);
        } else if (!names.empty()) {
            names.pop_back();
        }
    }
    return names;
}

std::string link_text(int link) {
    char text[PATH_MAX];
    const ssize_t length = ::readlinkat(link, "", text, sizeof text);
    return {text, length > 0 ? static_cast<size_t>(length) : 0};
}

[[noreturn]] void refuse_link(int link, const std::string& so_far, const std::string& path) {
    throw Error(
        ELOOP, path, "a symbolic link is in the way of",
        cat(so_far, " in the container leads to ", link_text(link), ": name the directory itself, links are not followed"));
}

UniqueFd make_component(int directory, const std::string& name, Create create, const std::string& path) {
    if (create == Create::file) {
        UniqueFd made(::openat(directory, name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0));
        if (made) return made;
        if (errno != EEXIST) throw Error::last("make the file", path);
    } else if (::mkdirat(directory, name.c_str(), 0755) != 0 && errno != EEXIST) {
        throw Error::last("make the directory", path);
    }
    UniqueFd made(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!made) throw Error::last("open", path);
    return made;
}

UniqueFd step(int directory, const std::string& name, Create create, const std::string& so_far, const std::string& path) {
    UniqueFd next(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next) {
        if (errno != ENOENT || create == Create::nothing) throw Error::last("find", path);
        next = make_component(directory, name, create, path);
    }
    struct stat facts {};
    if (::fstat(next.get(), &facts) != 0) throw Error::last("stat", path);
    if (S_ISLNK(facts.st_mode)) refuse_link(next.get(), so_far, path);
    return next;
}

/// One component after the other, never following a link: what openat2 does, on every kernel, with creation and with words.
UniqueFd walk(int root, const std::vector<std::string>& names, const std::string& path, Create create) {
    UniqueFd here(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!here) throw Error::last("open", path);
    std::string so_far;
    for (size_t i = 0; i < names.size(); ++i) {
        const bool last = i + 1 == names.size();
        so_far += '/' + names[i];
        const Create kind = create == Create::file && !last ? Create::directory : create;
        here = step(here.get(), names[i], kind, so_far, path);
    }
    return here;
}

}  // namespace

UniqueFd resolve_target(int root, const std::string& path, Create create) {
    const std::vector<std::string> names = components(path);
    if (!names.empty()) {
        const int fd = open_beneath(root, base::join(names, "/").c_str(), O_PATH,
                                    RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
        if (fd >= 0) return UniqueFd(fd);
    }
    return walk(root, names, path, create);
}

UniqueFd resolve_inside(int root, const std::string& path) {
    int fd = -1;
    // EAGAIN: somebody renames meanwhile, and the kernel could not prove that the name stays inside.
    for (int tries = 0; tries < 64; ++tries) {
        fd = open_beneath(root, path.c_str(), O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        if (fd >= 0) return UniqueFd(fd);
        if (errno != EAGAIN) break;
    }
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return {};
    if (errno != ENOSYS) throw Error::last("find", path);
    try {
        return walk(root, components(path), path, Create::nothing);
    } catch (const Error& error) {
        if (error.code() == ENOENT || error.code() == ENOTDIR || error.code() == ELOOP) return {};
        throw;
    }
}

}  // namespace keelson::filesystem
