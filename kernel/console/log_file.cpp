#include <fcntl.h>
#include <sys/stat.h>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/console/log_file.hpp>

#include <algorithm>
#include <cstdio>

namespace keelson::console {

namespace {

/// Nobody waits for the reader of a pipe.
constexpr int open_flags = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK;

}  // namespace

LogFile::LogFile(std::string path, uint64_t limit, bool rotate)
    : path_(std::move(path)), limit_(limit), rotate_(rotate), fd_(base::open_file(path_, open_flags, 0600)) {
    struct stat status {};
    if (::fstat(fd_.get(), &status) == 0) size_ = static_cast<uint64_t>(status.st_size);
}

LogFile::LogFile(base::Unpacker& state)
    : path_(state.text()),
      limit_(state.number<uint64_t>()),
      size_(state.number<uint64_t>()),
      rotate_(state.flag()),
      warned_(state.flag()),
      fd_(state.fd()) {}

void LogFile::pack(base::Packer& state) const {
    state.text(path_);
    state.number(limit_);
    state.number(size_);
    state.number(rotate_);
    state.number(warned_);
    state.fd(fd_.get());
}

void LogFile::write(std::string_view text) noexcept try {
    if (!fd_) return;
    while (limit_ > 0 && size_ + text.size() > limit_) {
        const size_t fits = limit_ - std::min(size_, limit_);
        append(text.substr(0, fits));
        text.remove_prefix(fits);
        begin_anew();
    }
    append(text);
} catch (const std::exception& error) {
    if (!warned_) base::log_warn(cat("console log: ", error.what()));
    warned_ = true;
}

void LogFile::begin_anew() {
    size_ = 0;
    if (rotate_) {
        if (::rename(path_.c_str(), (path_ + ".1").c_str()) < 0) throw Error::last("rotate", path_);
        fd_ = base::open_file(path_, open_flags, 0600);
    } else if (::ftruncate(fd_.get(), 0) < 0) {
        throw Error::last("truncate", path_);
    }
}

void LogFile::append(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd_.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw Error::last("write", path_);
        size_ += static_cast<size_t>(written);
        text.remove_prefix(static_cast<size_t>(written));
    }
}

}  // namespace keelson::console
