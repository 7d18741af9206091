// By what a file that was read once is known to be unchanged.
#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace keelson::plugins {

/// No file's content, owner or mode changes without its ctime (inode(7)). No padding: it is written as it is.
struct Stamp {
    uint64_t device = 0, inode = 0, size = 0;
    int64_t modified_ns = 0, changed_ns = 0;

    Stamp() = default;
    explicit Stamp(const struct stat& status)
        : device(status.st_dev),
          inode(status.st_ino),
          size(static_cast<uint64_t>(status.st_size)),
          modified_ns(nanoseconds(status.st_mtim)),
          changed_ns(nanoseconds(status.st_ctim)) {}
    bool operator==(const Stamp&) const = default;

    static int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }
};

}  // namespace keelson::plugins
