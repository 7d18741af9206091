#include <fcntl.h>
#include <sys/stat.h>
#include <keelson/sdk/remove_tree.hpp>
#include <plugins/storage/common/made.hpp>

#include <array>
#include <cstdlib>
#include <memory>

namespace keelson::storage {

namespace {

constexpr std::array<std::string_view, 4> kind_words = {"directory", "parent", "file", "subvolume"};

std::string_view take_word(std::string_view& text) {
    const size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(blank + 1, text.size()));
    return word;
}

std::optional<Identity> identity_in(std::string_view word, std::string_view record) {
    if (word == "-") return {};
    const std::optional<Identity> identity = sdk::identity_from(word);
    if (!identity) throw Error(EINVAL, std::string(record), "not a record of the storage plugins:");
    return identity;
}

void make_one(const sdk::Context& context, const std::string& path, Made::Kind kind) {
    Made made{kind, path, {}};
    const uint64_t record = context.intend(to_text(made));
    if (!make_with_mode(path)) throw Error(EEXIST, path, "make the directory");
    made.identity = identity_of(path);
    context.complete(record, to_text(made));
    if (kind != Made::Kind::parent) give_to_root(context, path);
}

void undo_file(const Made& made) {
    struct stat facts {};
    if (::lstat(made.path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return;
    const bool ours = made.identity ? made.identity == identity_of(made.path) : facts.st_size == 0;
    if (ours && ::unlink(made.path.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", made.path);
}

void undo_directory(const Made& made) {
    if (made.kind == Made::Kind::directory && made.identity && made.identity == identity_of(made.path)) {
        return sdk::remove_tree(made.path);
    }
    if (made.identity && made.identity != identity_of(made.path)) return;
    if (::rmdir(made.path.c_str()) == 0) return;
    if (errno != ENOENT && errno != ENOTDIR && errno != ENOTEMPTY && errno != EEXIST) throw Error::last("remove", made.path);
}

/// With a slash or "/." at its end a link would be followed.
std::string without_end(std::string path) {
    while (path.size() > 1 && (path.ends_with('/') || path.ends_with("/."))) path.pop_back();
    return path;
}

bool lies_below(std::string_view path, const std::string& top) { return path.starts_with(top + "/"); }

/// Of the same directory of containers. Empty if there is none.
std::string other_container_of(const sdk::Context& context, const std::string& real) {
    const std::string all = real_path(context.lxcpath());
    if (!lies_below(real, all) || is_in_own_directory(context, real)) return {};
    const std::string other = real.substr(0, real.find('/', all.size() + 1));
    return identity_of(other + "/config") ? other : std::string();
}

}  // namespace

std::string to_text(const Made& made) {
    const std::string identity = made.identity ? sdk::to_text(*made.identity) : "-";
    return cat(kind_words[static_cast<size_t>(made.kind)], " ", identity, " ", made.path);
}

Made made_from(std::string_view text) {
    std::string_view rest = text;
    const std::string_view kind = take_word(rest), identity = take_word(rest);
    for (size_t i = 0; i < kind_words.size(); ++i) {
        if (kind_words[i] != kind || identity.empty() || !rest.starts_with('/')) continue;
        return {static_cast<Made::Kind>(i), std::string(rest), identity_in(identity, text)};
    }
    throw Error(EINVAL, std::string(text), "not a record of the storage plugins:");
}

void make_directory(const sdk::Context& context, const std::string& path) {
    if (!path.starts_with('/')) throw Error(EINVAL, path, "a path from the root is needed, not");
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        const bool last = end == std::string::npos;
        if (!identity_of(part)) make_one(context, part, last ? Made::Kind::directory : Made::Kind::parent);
        if (last) return;
    }
}

void give_to_root(const sdk::Context& context, const std::string& path) {
    if (!context.has_user_namespace()) return;
    if (::lchown(path.c_str(), context.root_uid(), context.root_gid()) != 0) throw Error::last("change the owner of", path);
}

bool make_with_mode(const std::string& path) {
    constexpr mode_t mode = 0755;
    if (::mkdir(path.c_str(), mode) != 0) {
        if (errno == EEXIST) return false;
        throw Error::last("make the directory", path);
    }
    if (::chmod(path.c_str(), mode) != 0) throw Error::last("set the mode of", path);
    return true;
}

UniqueFd make_file(const sdk::Context& context, const std::string& path, unsigned mode) {
    Made made{Made::Kind::file, path, {}};
    if (identity_of(path)) throw Error(EEXIST, path, "make the file");
    const uint64_t record = context.intend(to_text(made));
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file) throw Error::last("make the file", path);
    made.identity = identity_of(path);
    context.complete(record, to_text(made));
    return file;
}

void undo_made(const Made& made) {
    if (made.kind == Made::Kind::file) return undo_file(made);
    undo_directory(made);
}

std::string real_path(const std::string& path) {
    if (const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free); real) return real.get();
    const std::string clean = without_end(path);
    const size_t slash = clean.rfind('/');
    if (slash == std::string::npos) return clean;
    const std::string parent = real_path(clean.substr(0, slash));
    return (parent == "/" ? "" : parent) + clean.substr(slash);
}

bool is_in_own_directory(const sdk::Context& context, const std::string& path) {
    return lies_below(real_path(path), real_path(context.directory()));
}

void refuse_careless_removal(const sdk::Context& context, const std::string& path) {
    struct stat facts {};
    const std::string real = real_path(path);
    if (!path.starts_with('/') || real == "/") throw Error(EINVAL, path, "this is nothing that a container can own:");
    if (real.rfind('/') == 0) {
        throw Error(EPERM, path, "a directory directly below / is the host's, not a container's:",
                    "take lxc.rootfs.path out of the configuration if the container shall go and the directory stay");
    }
    if (lies_below(real_path(context.directory()), real)) {
        throw Error(EPERM, path, "the container's own directory lies in it:",
                    "let lxc.rootfs.path name a directory that is the container's alone");
    }
    if (const std::string other = other_container_of(context, real); !other.empty()) {
        throw Error(EPERM, path, cat("it is in the directory of another container, ", other, ":"),
                    "take lxc.rootfs.path out of the configuration if the container shall go and the other's rootfs stay");
    }
    if (::lstat(without_end(path).c_str(), &facts) == 0 && S_ISLNK(facts.st_mode)) {
        throw Error(ELOOP, path,
                    "a symbolic link is not removed with what it leads to:", "let lxc.rootfs.path name the directory");
    }
}

}  // namespace keelson::storage
