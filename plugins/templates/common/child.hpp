// Running the programs that make a rootfs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::templates {

struct Child {
    /// argv[0] is a path or a name to be found on PATH (execvp(3)).
    std::vector<std::string> argv;
    /// "NAME=VALUE", added to the caller's environment.
    std::vector<std::string> variables;
    /// stdout and stderr go to /dev/null where they are not read.
    bool quiet = false;
    /// With a reader: whether stderr is read too. Without: it is the caller's, as stdin is.
    bool read_stderr = false;
    /// Takes stdout by lines, without their end. None: stdout is the caller's.
    std::function<void(std::string_view line)> reader;
};

/// Runs it and waits; its exit code, or 128 + signal. Signals are set to their defaults for it. Throws keelson::Error if it
/// cannot be run, and passes on what the reader throws after the child was ended.
int run(const Child& child);

/// The program's path by PATH, or by the usual one without it; empty if there is none.
std::string find_program(std::string_view name);

}  // namespace keelson::templates
