#include <sys/mount.h>
#include <keelson/sdk/detached_mount.hpp>
#include <kernel/base/text.hpp>
#include <kernel/filesystem/mount.hpp>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

namespace keelson::filesystem {

namespace {

struct AttributeWord {
    std::string_view word;
    uint64_t set;
    uint64_t clear;
};

// The access time modes are one field: whoever sets one clears all (mount_setattr(2)).
constexpr AttributeWord attribute_words[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
};

struct PropagationWord {
    std::string_view word;
    uint64_t propagation;
};
constexpr PropagationWord propagation_words[] = {
    {"private", MS_PRIVATE}, {"shared", MS_SHARED}, {"slave", MS_SLAVE}, {"unbindable", MS_UNBINDABLE}};

constexpr std::string_view words_without_effect[] = {"defaults", "sync",   "async", "dirsync", "lazytime",
                                                     "mand",     "nomand", "auto",  "noauto",  "remount"};

bool take_attribute(std::string_view word, MountOptions& options) {
    for (const AttributeWord& known : attribute_words) {
        if (known.word != word) continue;
        options.set = (options.set & ~(known.clear | known.set)) | known.set;
        options.clear = (options.clear & ~known.set) | known.clear;
        return true;
    }
    return false;
}

bool take_propagation(std::string_view word, MountOptions& options) {
    for (const PropagationWord& known : propagation_words) {
        const bool recursive = word.starts_with('r') && word.substr(1) == known.word;
        if (!recursive && word != known.word) continue;
        options.propagation = known.propagation;
        options.propagation_recursive = recursive;
        return true;
    }
    return false;
}

bool take_kind(std::string_view word, MountOptions& options) {
    if (word == "bind" || word == "rbind") {
        options.bind = true;
        options.recursive = word == "rbind";
    } else if (word == "move") {
        options.move = true;
    } else if (word == "optional") {
        options.optional = true;
    } else if (word == "relative") {
        options.relative = true;
    } else if (word == "create=dir") {
        options.create_directory = true;
    } else if (word == "create=file") {
        options.create_file = true;
    } else if (word.starts_with("idmap=")) {
        options.idmap = word.substr(6);
        if (options.idmap.empty()) throw Error(EINVAL, std::string(word), "idmap needs 'container' or a path in");
    } else {
        return false;
    }
    return true;
}

bool is_without_effect(std::string_view word) {
    for (const std::string_view known : words_without_effect) {
        if (known == word) return true;
    }
    return false;
}

void refuse_contradictions(const MountOptions& options, std::string_view text) {
    const std::string object(text);
    if (options.create_directory && options.create_file) {
        throw Error(EINVAL, object, "create=dir and create=file exclude each other in");
    }
    if (options.bind && options.move) throw Error(EINVAL, object, "bind and move exclude each other in");
}

}  // namespace

bool MountOptions::read_only() const noexcept { return (set & MOUNT_ATTR_RDONLY) != 0; }

MountOptions parse_options(std::string_view text) {
    MountOptions options;
    for (const std::string_view word : sdk::split_mount_options(text)) {
        if (take_attribute(word, options) || take_propagation(word, options) || take_kind(word, options)) continue;
        if (is_without_effect(word)) continue;
        if (!options.data.empty()) options.data += ',';
        options.data += word;
    }
    refuse_contradictions(options, text);
    return options;
}

}  // namespace keelson::filesystem
