// Running a program of the host to its end.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <string>
#include <vector>

namespace keelson::sdk {

/// Waits for a child of ours. Its exit code, or 128 + the signal that ended it, as shells count. Throws Error with `program` as
/// object if that cannot be learnt: where SIGCHLD is ignored the kernel keeps no status (ECHILD, waitpid(2)), and that is no
/// success.
inline int wait_for(pid_t pid, const std::string& program) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) throw Error::last("learn how it ended:", program);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct ProgramEnd {
    int code;          ///< as of wait_for
    std::string said;  ///< on standard output and standard error, without blanks around it
};

/// Runs argv[0], a path, on the host with no input, PATH of the system's directories and LC_ALL=C as all of its environment,
/// and waits for it. Throws Error with the program as object if it cannot be run.
inline ProgramEnd run_program(const std::vector<std::string>& argv) {
    const std::string& program = argv.front();
    const UniqueFd words(::memfd_create("output", MFD_CLOEXEC));
    if (!words) throw Error::last("make a file for the words of", program);
    std::vector<char*> arguments;
    for (const std::string& word : argv) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const char* environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, words.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, words.get(), STDERR_FILENO);
    pid_t pid = 0;
    const int error =
        ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), const_cast<char**>(environment));
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw Error(error, program, "run");
    const int code = wait_for(pid, program);
    ::lseek(words.get(), 0, SEEK_SET);
    return {code, std::string(trim(read_all(words.get(), program)))};
}

}  // namespace keelson::sdk
