#include "command.hpp"

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/file.hpp>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keelson::fault {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

/// A cgroup that passes on its controllers can have no processes, so that the next command needs another.
bool enter_new_below(const std::string& directory, uid_t uid) {
    const std::string cgroup = cat(directory, "/", cgroup_of_command, ::getpid());
    if (::mkdir(cgroup.c_str(), 0755) != 0) return false;
    for (const char* file : {"", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control", "/tasks"})
        if (::chown((cgroup + file).c_str(), uid, uid) != 0 && errno != ENOENT) return false;
    return sdk::try_write_file(cgroup + "/cgroup.procs", "0") == 0;
}

bool is_now(const Runner& runner) {
    for (const std::string& cgroup : runner.cgroups)
        if (!enter_new_below(cgroup, runner.uid)) return false;
    if (runner.uid == 0) return true;
    return ::setgroups(0, nullptr) == 0 && ::setresgid(runner.uid, runner.uid, runner.uid) == 0 &&
           ::setresuid(runner.uid, runner.uid, runner.uid) == 0;
}

}  // namespace

void become(const Command& command, int output) {
    ::setsid();
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const std::vector<char*> words = pointers_to(command.words), environment = pointers_to(command.runner.environment);
    const bool own = !command.runner.environment.empty();
    if (is_now(command.runner)) ::execvpe(words.front(), words.data(), own ? environment.data() : ::environ);
    ::dprintf(2, "%s cannot be run as uid %u: %m\n", words.front(), command.runner.uid);
    ::_exit(127);
}

}  // namespace keelson::fault
