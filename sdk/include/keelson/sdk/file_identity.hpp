// Which file stands at a path, so that a record can prove that it is still the one that was made there.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <keelson/sdk/error.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keelson::sdk {

/// Device, inode, and time of birth in nanoseconds since 1970 (statx(2)), 0 where the filesystem keeps none: what is removed
/// and made again gets the same inode more often than not.
struct FileIdentity {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t birth = 0;
    bool operator==(const FileIdentity&) const = default;
};

/// [host] Of a path, links not followed; empty if there is nothing. Throws Error with `path` as object.
inline std::optional<FileIdentity> identity_of(const std::string& path) {
    constexpr uint64_t nanoseconds = 1'000'000'000;
    struct statx facts {};
    if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &facts) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
        throw Error::last("stat", path);
    }
    FileIdentity identity{makedev(facts.stx_dev_major, facts.stx_dev_minor), facts.stx_ino, 0};
    if ((facts.stx_mask & STATX_BTIME) != 0)
        identity.birth = static_cast<uint64_t>(facts.stx_btime.tv_sec) * nanoseconds + facts.stx_btime.tv_nsec;
    return identity;
}

/// "DEVICE:INODE:BIRTH", without the last when it is not known.
inline std::string to_text(const FileIdentity& identity) {
    std::string text = cat(identity.device, ":", identity.inode);
    return identity.birth == 0 ? text : cat(text, ":", identity.birth);
}

/// Empty for what is no such text.
inline std::optional<FileIdentity> identity_from(std::string_view text) {
    FileIdentity identity;
    uint64_t* const parts[] = {&identity.device, &identity.inode, &identity.birth};
    const char* at = text.data();
    const char* const end = at + text.size();
    size_t count = 0;
    for (; count < std::size(parts); ++count) {
        const auto [next, error] = std::from_chars(at, end, *parts[count]);
        if (error != std::errc()) return std::nullopt;
        at = next;
        if (at == end) break;
        if (*at++ != ':') return std::nullopt;
    }
    return at == end && count > 0 ? std::optional(identity) : std::nullopt;
}

}  // namespace keelson::sdk
