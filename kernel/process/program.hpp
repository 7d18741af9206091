// Programs that the runtime runs: hooks, network scripts, the id map helpers.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace keelson::process {

struct ProgramResult {
    int status = 0;      ///< as a shell tells it: exit code, 128 + signal, 127 not found
    std::string output;  ///< stdout and stderr, the first 40 KiB
};

using Environment = std::vector<std::pair<std::string, std::string>>;

/// In our own environment, for the program that we execute next. Throws std::bad_alloc. A name that no variable can have is
/// passed over (setenv(3), EINVAL).
void set_variable(const std::string& name, const std::string& value);

/// argv[0] is looked up in PATH. `environment` is added to our own. stdin is /dev/null. Throws only when no process can be
/// made.
ProgramResult run_program(const std::vector<std::string>& words, const Environment& environment = {});

/// LXC's hooks: `/bin/sh -c "exec COMMAND ARGS"`, the arguments appended as they are.
ProgramResult run_shell(const std::string& command, const std::string& arguments, const Environment& environment);

/// In single quotes for a shell.
std::string quoted(std::string_view word);

/// Splits a command line at blanks; '...' and "..." group, no escapes (lxc.init.cmd).
std::vector<std::string> split_command(std::string_view line);

}  // namespace keelson::process
