// Kernel settings of a container's first process: limits, sysctls, /proc values, personality, clock offsets, keyring.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/config/config.hpp>

#include <sys/types.h>

namespace keelson::process {

/// lxc.prlimit.*; an unknown name is an error. `pid`: 0 is the caller.
void set_limits(const config::Config& config, pid_t pid);
/// [host] The caller's hard limits let its children have those of lxc.prlimit.*, also in a user namespace, where nobody may
/// raise them.
void make_room_for_limits(const config::Config& config);
/// [host] lxc.proc.*: files of /proc/PID.
void set_proc_values(const config::Config& config, pid_t pid);
/// [host] lxc.sched.core: a cookie of its own. An error where the kernel lacks it.
void set_core_scheduling(const config::Config& config, pid_t pid);
/// lxc.sched.core: the calling process gets the cookie of another, whose pid is as the calling process sees it. For that it
/// needs CAP_SYS_PTRACE over it. An error where the kernel lacks it.
void share_core_scheduling(const config::Config& config, pid_t with);

/// [inside] lxc.uts.name.
void set_host_name(const config::Config& config);
/// [inside] A session keyring of its own unless lxc.keyring.session = 1.
void join_session_keyring(const config::Config& config);
/// [inside] lxc.time.offset.*: unshares the time namespace, writes the offsets, enters it.
void enter_time_namespace(const config::Config& config);
/// [inside] lxc.arch.
void set_personality(const config::Config& config);
/// The personality(2) of an architecture's name; throws for an unknown one.
unsigned long personality_of(const std::string& architecture);
/// [inside] lxc.sysctl.*, written through a private procfs so that the container's mounts cannot redirect them.
void set_sysctls(const config::Config& config, int proc_borrowed);

}  // namespace keelson::process
