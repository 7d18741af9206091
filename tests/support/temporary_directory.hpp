// A directory of a test's own, gone with it.
#pragma once

#include <fcntl.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace keelson::test {

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = std::filesystem::temp_directory_path() / "klt-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) throw Error::last("make a directory like", pattern);
        path_ = pattern;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    /// Writes a file and gives its path.
    std::string write(const std::string& name, std::string_view text) const {
        const std::string path = *this / name;
        const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        const bool written = file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
        if (!written) throw Error::last("write", path);
        return path;
    }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

}  // namespace keelson::test
