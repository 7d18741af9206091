// Detached mounts: in no mount namespace, and gone with their descriptor. What a storage plugin hands over; nothing of it can
// be left behind. Needs Linux 5.2.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

namespace keelson::sdk {

/// Parts between commas; a comma in double quotes is part of the value, as in context="a:b:c0,c1".
inline std::vector<std::string_view> split_mount_options(std::string_view text) {
    std::vector<std::string_view> parts;
    size_t begin = 0;
    bool quoted = false;
    for (size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] == '"') quoted = !quoted;
        if (i < text.size() && (text[i] != ',' || quoted)) continue;
        if (i > begin) parts.push_back(text.substr(begin, i - begin));
        begin = i + 1;
    }
    return parts;
}

inline constexpr const char* mount_api_hint = "this needs Linux 5.2 or later (open_tree, move_mount, fsopen)";

/// A copy of the mounts at `path`; an empty path means `directory` itself, which then may be any file.
inline UniqueFd clone_mount(int directory, const std::string& path, bool recursive) {
    const unsigned flags =
        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0) | (path.empty() ? AT_EMPTY_PATH : 0);
    UniqueFd tree(::open_tree(directory, path.c_str(), flags));
    if (tree) return tree;
    std::string hint;
    if (errno == ENOSYS) hint = mount_api_hint;
    if (errno == EINVAL && !recursive)
        hint = "in a user namespace a tree with mounts in it can only be taken as a whole: use rbind";
    throw Error::last("clone the mount of", path, hint);
}

/// A filesystem that is being made (fsopen(2), fsconfig(2), fsmount(2)). Every call throws with what the kernel said.
class FilesystemContext {
public:
    explicit FilesystemContext(std::string type) : type_(std::move(type)), context_(::fsopen(type_.c_str(), FSOPEN_CLOEXEC)) {
        if (context_) return;
        const bool old = errno == ENOSYS;
        throw Error::last("open the filesystem type", type_,
                          old ? mount_api_hint : "does this kernel have it? see /proc/filesystems");
    }

    void set(const std::string& key, const std::string& value) {
        if (!try_set(key, value)) refused(cat("set ", key, "=", value, " of the filesystem"));
    }
    /// False: the filesystem knows no such key, or refuses the value.
    bool try_set(const std::string& key, const std::string& value) noexcept {
        return ::fsconfig(context_.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0) == 0;
    }
    void set(const std::string& flag) {
        if (::fsconfig(context_.get(), FSCONFIG_SET_FLAG, flag.c_str(), nullptr, 0) != 0) {
            refused(cat("set the option ", flag, " of the filesystem"));
        }
    }
    /// "key=value" or "flag"; double quotes around the value are taken off.
    void option(std::string_view word) {
        const size_t equals = word.find('=');
        if (equals == std::string_view::npos) return set(std::string(word));
        std::string_view value = word.substr(equals + 1);
        if (value.size() > 1 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        set(std::string(word.substr(0, equals)), std::string(value));
    }
    void options(std::string_view text) {
        for (const std::string_view word : split_mount_options(text)) option(word);
    }

    /// `attributes`: MOUNT_ATTR_* (mount_setattr(2)).
    UniqueFd mount(unsigned attributes = 0) {
        if (::fsconfig(context_.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) refused("make the filesystem");
        UniqueFd mounted(::fsmount(context_.get(), FSMOUNT_CLOEXEC, attributes));
        if (!mounted) refused("mount the filesystem");
        return mounted;
    }

private:
    /// One message a read(2): "e overlay: ...".
    std::string kernel_words() {
        std::string words;
        char line[512];
        for (ssize_t length; (length = ::read(context_.get(), line, sizeof line)) > 2;) {
            std::string_view text(line + 2, static_cast<size_t>(length) - 2);
            while (text.ends_with('\n')) text.remove_suffix(1);
            words += cat(words.empty() ? "" : "; ", text);
        }
        return words;
    }

    [[noreturn]] void refused(const std::string& what) {
        const int code = errno;
        const std::string words = kernel_words();
        throw Error(code, type_, what, words.empty() ? std::string() : "the kernel says: " + words);
    }

    std::string type_;
    UniqueFd context_;
};

}  // namespace keelson::sdk
