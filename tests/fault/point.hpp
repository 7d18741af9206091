// Where a failure or a death is put: the n-th system call of one of our processes.
#pragma once

#include <keelson/sdk/error.hpp>

#include <string>
#include <tuple>

namespace keelson::fault {

/// The role says which process: "c" is the command, "c.1" the first one that it makes, "c.1.2" the second one of that; "m" is a
/// monitor that ran before the command came.
struct Point {
    std::string role;
    unsigned number = 0;

    auto operator<=>(const Point&) const = default;
    std::string text() const { return cat(role, ":", number); }
};

/// A system call that a process of ours made.
struct Call {
    Point point;
    std::string text;  ///< "openat /proc/self/exe"
};

/// What is done at a point: the call fails with this errno value, or its process is killed instead.
struct Injection {
    Point point;
    int cause = 0;  ///< 0: SIGKILL
};

}  // namespace keelson::fault
