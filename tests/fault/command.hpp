// A command as it is to be run: its words, and by whom.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace keelson::fault {

/// Root of the world, or an ordinary user of it, perhaps in cgroups of the user's own.
struct Runner {
    uid_t uid = 0;
    std::vector<std::string> environment;  ///< all of it; empty: ours
    std::vector<std::string> cgroups;      ///< directories; each command gets a cgroup of its own in them
};

struct Command {
    std::vector<std::string> words;
    Runner runner;
};

/// How these are named.
constexpr const char* cgroup_of_command = "command-";

/// In a child: becomes the command, in a session of its own, reading nothing and writing to `output`.
[[noreturn]] void become(const Command& command, int output);

}  // namespace keelson::fault
