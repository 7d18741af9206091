// Making processes: clone3(2) with its fallbacks, and what belongs to a process handle.
#pragma once

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace keelson::process {

struct CloneRequest {
    uint64_t flags = 0;            ///< CLONE_NEW*, CLONE_PARENT
    int into_cgroup = -1;          ///< cgroup2 directory, borrowed
    bool default_signals = false;  ///< for all that is not ignored: exec(2) passes that on
};

struct Clone {
    pid_t pid = 0;  ///< 0 in the child
    UniqueFd pidfd;
};

/// Like fork(2) with namespaces. Throws; a kernel without clone3 or CLONE_INTO_CGROUP gets the older way, the cgroup then being
/// entered by the parent's write to cgroup.procs. The caller is single-threaded.
Clone clone_process(const CloneRequest& request);

/// For a child in its parent's pid namespace: SIGKILL when that one dies, and at once if it has. Taking other ids makes the
/// kernel forget it (prctl(2)).
void die_with(pid_t parent) noexcept;

UniqueFd open_pidfd(pid_t pid);
/// "PID STARTTIME" (proc_pid_stat(5)), which tells a process from a later one with its number; of one that has ended the time
/// is missing.
std::string process_record(pid_t pid);
/// None when that process is no more. Throws.
UniqueFd open_recorded(std::string_view record);
/// The pid that a process has in its own pid namespace. Throws.
pid_t pid_in_own_namespace(pid_t pid);
void send_signal(int pidfd, int signal);
/// True when the process ended in time. No timeout: waits for ever.
bool wait_until_gone(int pidfd, int timeout_ms);
/// What takes longer to die of SIGKILL may be held: a frozen cgroup of version 1 does.
inline constexpr int usual_death_ms = 50;
/// Of SIGKILL, at all. `object`: what to name.
Error does_not_die(const std::string& object);
/// waitid(2) on a child; the status in the form of wait(2).
int reap(int pidfd);
/// Exit code, or 128 + signal.
int shell_status(int wait_status) noexcept;

}  // namespace keelson::process
