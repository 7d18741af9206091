// Ready programs, kept by what they were made from: building one takes 1 to 2 ms, loading it 0.05.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace keelson::seccomp {

/// A directory of the runtime directory's owner (0700). An entry holds all that it was made from, so a hit is exact and nothing
/// ever has to be thrown away for being old: the directory is on tmpfs.
class Cache {
public:
    /// Makes the directory if it can; a cache without a directory that is provably the caller's own finds and keeps nothing.
    explicit Cache(const std::string& directory);

    std::optional<std::string> find(std::string_view made_from) const;
    /// A failure is no error.
    void keep(std::string_view made_from, std::string_view program) const;

private:
    UniqueFd directory_;
};

/// RUN/keelson/cache/seccomp for a runtime directory RUN/keelson/...; empty for one that is not below such a directory.
std::string cache_directory(std::string_view runtime_directory);

}  // namespace keelson::seccomp
