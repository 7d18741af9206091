// Reading and writing small files, such as those of /proc, /sys and cgroups.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace keelson::sdk {

/// What is left to read from the descriptor. Throws Error with `name` as object.
inline std::string read_all(int fd, const std::string& name) {
    std::string text;
    char buffer[4096];
    for (;;) {
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count == 0) return text;
        if (count > 0) {
            text.append(buffer, static_cast<size_t>(count));
        } else if (errno != EINTR) {
            throw Error::last("read", name);
        }
    }
}

/// The whole file; no value if it cannot be opened or read.
inline std::optional<std::string> try_read_file(const std::string& path) noexcept try {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return std::nullopt;
    return read_all(fd.get(), path);
} catch (...) {
    return std::nullopt;
}

inline std::string read_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw Error::last("open", path);
    return read_all(fd.get(), path);
}

/// For what a user has named: a small file, or a pipe that somebody writes to. Neither a pipe without a writer nor a device
/// without an end holds us up.
inline constexpr int flags_of_given = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

/// What is left to read of a file that was opened so; it may keep us waiting for `patience` in all, however little comes at a
/// time. Throws Error with `name` as object.
inline std::string read_given(int fd, const std::string& name, std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    constexpr size_t most = 16 << 20;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const auto waits_in_time = [&] {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd wait{fd, POLLIN, 0};
        return left.count() > 0 && ::poll(&wait, 1, static_cast<int>(left.count())) != 0;
    };
    std::string text;
    char buffer[4096];
    while (text.size() <= most) {
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count == 0) return text;
        if (count > 0)
            text.append(buffer, static_cast<size_t>(count));
        else if (errno != EAGAIN && errno != EINTR)
            throw Error::last("read", name);
        else if (errno == EAGAIN && !waits_in_time())
            throw Error(ETIMEDOUT, name, text.empty() ? "nobody writes to" : "nobody comes to an end of writing to");
    }
    throw Error(EFBIG, name, cat("only up to ", most >> 20, " MiB are read of"));
}

inline std::string read_given_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), flags_of_given));
    if (!fd) throw Error::last("open", path);
    return read_given(fd.get(), path);
}

/// Writes the text with one write(2), as control files want it, to a file that exists. 0, or an errno value.
inline int try_write_file(const std::string& path, std::string_view text) noexcept {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return errno;
    ssize_t count;
    do count = ::write(fd.get(), text.data(), text.size());
    while (count < 0 && errno == EINTR);
    return count < 0 ? errno : 0;
}

inline void write_file(const std::string& path, std::string_view text) {
    if (const int error = try_write_file(path, text)) throw Error(error, path, cat("write \"", text, "\" to"));
}

}  // namespace keelson::sdk
