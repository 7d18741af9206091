#include <sys/xattr.h>
#include <keelson/sdk/detached_mount.hpp>
#include <plugins/storage/common/access.hpp>

namespace keelson::storage {

namespace {

std::string mode_words(mode_t mode) {
    constexpr char letters[] = "rwxrwxrwx";
    std::string text = S_ISDIR(mode) ? "d" : "-";
    for (int bit = 0; bit < 9; ++bit) text += (mode & (0400u >> bit)) != 0 ? letters[bit] : '-';
    return text;
}

bool may_enter(const std::string& directory, const struct stat& facts, uint32_t uid, uint32_t gid) {
    if (uid == 0) return true;
    if (facts.st_uid == uid) return (facts.st_mode & S_IXUSR) != 0;
    if (::getxattr(directory.c_str(), "system.posix_acl_access", nullptr, 0) > 0) return true;
    return (facts.st_mode & (facts.st_gid == gid ? S_IXGRP : S_IXOTH)) != 0;
}

[[noreturn]] void cannot_reach(int code, const std::string& path) {
    std::string hint;
    if (code == ENOENT) hint = "lxc.rootfs.path names it: is it mistyped, on a disk that is not mounted, or not made yet?";
    if (code == ENOTDIR) hint = "lxc.rootfs.path has to name a directory";
    if (const auto barrier = code == EACCES ? first_barrier(path, ::geteuid(), ::getegid()) : std::nullopt) {
        hint = cat("uid ", ::geteuid(), " cannot enter ", barrier->words(), ": ", barrier->remedy(::geteuid(), ::getegid()));
    }
    throw Error(code, path, "open the rootfs", hint);
}

bool is_mapped(const sdk::Context& context, abi::IdKind kind, uint32_t id) {
    for (const abi::IdRange& range : context.id_ranges()) {
        if (range.kind == kind && id >= range.host && id - range.host < range.count) return true;
    }
    return false;
}

/// The container's root has its capabilities over what belongs to its own ids (user_namespaces(7)).
bool root_may_enter(const sdk::Context& context, const std::string& directory, const struct stat& facts) {
    const bool own =
        is_mapped(context, abi::IdKind::user, facts.st_uid) && is_mapped(context, abi::IdKind::group, facts.st_gid);
    return own || may_enter(directory, facts, context.root_uid(), context.root_gid());
}

}  // namespace

UniqueFd clone_directory(const std::string& path) {
    const UniqueFd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) cannot_reach(errno, path);
    return sdk::clone_mount(directory.get(), {}, true);
}

std::string Barrier::words() const { return cat(directory, " (", mode_words(facts.st_mode), ", uid ", facts.st_uid, ")"); }

std::string Barrier::remedy(uint32_t uid, uint32_t gid) const {
    const char* whose = facts.st_uid == uid ? "u" : facts.st_gid == gid ? "g" : "o";
    return cat("chmod ", whose, "+x ", directory);
}

std::optional<Barrier> first_barrier(const std::string& path, uint32_t uid, uint32_t gid) {
    for (size_t end = path.find('/') == 0 ? 1 : path.find('/');;) {
        const std::string directory = path.substr(0, end);
        struct stat facts {};
        if (::stat(directory.c_str(), &facts) != 0) return {};
        if (!may_enter(directory, facts, uid, gid)) return Barrier{directory, facts};
        if (end >= path.size()) return {};
        end = path.find('/', end + 1);
    }
}

bool has_idmapped_rootfs(const sdk::Context& context) {
    const std::string options = context.value("lxc.rootfs.options");
    for (const std::string_view word : sdk::split_mount_options(options)) {
        if (word.starts_with("idmap=")) return true;
    }
    return false;
}

void check_directory(const sdk::Context& context, const std::string& path) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) != 0) cannot_reach(errno, path);
    if (S_ISLNK(facts.st_mode)) {
        throw Error(ELOOP, path,
                    "the rootfs may not be a symbolic link:", "let lxc.rootfs.path name the directory it leads to");
    }
    if (!S_ISDIR(facts.st_mode)) cannot_reach(ENOTDIR, path);
    if (::access((path + "/.").c_str(), F_OK) != 0) cannot_reach(errno, path);
    if (!context.has_user_namespace() || has_idmapped_rootfs(context)) return;
    if (!root_may_enter(context, path, facts)) {
        const Barrier barrier{path, facts};
        // Only root may give a filesystem's mount an id map.
        const char* other_way = context.by_ordinary_user() ? "" : ", or set lxc.rootfs.options = idmap=container";
        throw Error(EACCES, path, "the container's root cannot enter its rootfs",
                    cat("uid ", context.root_uid(), ", the container's root, cannot enter ", barrier.words(), ": ",
                        barrier.remedy(context.root_uid(), context.root_gid()), other_way));
    }
    if (!is_mapped(context, abi::IdKind::user, facts.st_uid)) {
        context.warn(cat("the rootfs ", path, " belongs to uid ", facts.st_uid,
                         ", which is not among the container's ids: its files will belong to nobody. lxc.rootfs.options = "
                         "idmap=container mends that"));
    }
}

}  // namespace keelson::storage
