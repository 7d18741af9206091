// A Landlock ruleset (landlock(7), Documentation/userspace-api/landlock.rst): what is not granted is denied.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace keelson::landlock {

enum class Grant {
    ro,    ///< read and execute
    rw,    ///< everything
    data,  ///< read and write, execute nothing
};

/// What a container asks for.
struct Wishes {
    struct Beneath {
        Grant grant;
        std::string path;
    };
    /// Empty: files are not restricted.
    std::vector<Beneath> paths;
    bool limits_bind = false, limits_connect = false;
    std::vector<uint16_t> bind, connect;
    bool scope_sockets = false, scope_signals = false;

    bool empty() const noexcept { return paths.empty() && !limits_bind && !limits_connect && !scope_sockets && !scope_signals; }
    /// The oldest ABI that can express it: ports need 4, scopes 6.
    int needed_abi() const noexcept;

    std::string text() const;
    static Wishes parse(std::string_view text);
};

/// Version of the kernel's interface, 0 without Landlock.
int kernel_abi() noexcept;

/// [inside] Restricts the calling process. Paths are looked up where it stands; they are opened with O_PATH only, and links are
/// not followed where a process may have put them. Throws Error with the path as object.
void restrict_self(const Wishes& wishes);

}  // namespace keelson::landlock
