// lxc.console.logfile, lxc.console.size, lxc.console.rotate.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/base/packed.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace keelson::console {

/// Append-only, made with 0600. At `limit` bytes (0: none) it is renamed to FILE.1, of which there is one, or begun anew.
class LogFile {
public:
    LogFile() = default;
    /// Throws.
    LogFile(std::string path, uint64_t limit, bool rotate);

    /// As the program before us packed it.
    explicit LogFile(base::Unpacker& state);
    void pack(base::Packer& state) const;

    explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
    /// What cannot be written (a full disk) is lost, with one warning: a container does not stop for its log.
    void write(std::string_view text) noexcept;

private:
    void begin_anew();
    void append(std::string_view text);

    std::string path_;
    uint64_t limit_ = 0, size_ = 0;
    bool rotate_ = false, warned_ = false;
    UniqueFd fd_;
};

}  // namespace keelson::console
