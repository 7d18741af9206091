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
    std::string text;        ///< "openat /proc/self/exe"
    bool init_lives = true;  ///< the container's first process is there
};

/// Which calls are counted: those that ask for memory, or the others.
enum class Calls { ordinary, memory };

/// What is done at a point: an errno value that the call fails with, or one of these.
struct Cause {
    enum : int {
        kill = 0,        ///< the process dies
        kill_init = -1,  ///< the container's first process dies
        no_memory = -2,  ///< the process gets none until it makes another kind of call; of Calls::memory
    };
    int value = kill;

    bool is_error() const { return value > 0; }
    bool operator==(int other) const { return value == other; }
};

struct Injection {
    Point point;
    Cause cause;
};

}  // namespace keelson::fault
