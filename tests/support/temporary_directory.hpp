// A directory of a test's own, gone with it.
#pragma once

#include <keelson/sdk/error.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

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

    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

}  // namespace keelson::test
