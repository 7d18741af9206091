// [inside] The attached process, from its birth to exec.
#pragma once

#include <kernel/console/pty.hpp>
#include <kernel/container/confinement.hpp>
#include <kernel/container/session.hpp>
#include <kernel/container/turns.hpp>

namespace keelson::container {

/// Borrows everything.
struct Joining {
    const Session& session;
    const config::Config& of_file;  ///< environment and user of attached processes
    const Confinement& confinement;
    const AttachOptions& options;
    uint64_t namespaces;
    int init_pidfd;
    pid_t init;     ///< as the attached process sees it; only for lxc.sched.core
    int host_proc;  ///< -1: a procfs of the container's pid namespace is made
    CgroupEntry& place;
    const console::Pty& pty;
    ChannelTurns& turns;

    /// Confines itself and executes the command. Failures before exec go to the caller as an Error; a command that cannot be
    /// executed ends with 126, 127 or 255 as a shell's does.
    [[noreturn]] void become();

private:
    void take_place();
    void confine();
    void take_ids();
    std::vector<std::string> command() const;
    void set_environment() const;
    [[noreturn]] void execute(const std::vector<std::string>& words);
};

}  // namespace keelson::container
