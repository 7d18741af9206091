// class Container: what frontends call. One object per container and command.
#pragma once

#include <keelson/abi/stage_hook.hpp>
#include <keelson/sdk/error.hpp>
#include <kernel/config/config.hpp>
#include <kernel/monitor/command_client.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace keelson::container {

struct StartOptions {
    bool daemonize = true;
    bool execute = false;              ///< lxc-execute: PID 1 is Keelson's small init
    std::vector<std::string> command;  ///< empty: lxc.init.cmd / lxc.execute.cmd
    std::string pid_file;              ///< the monitor's pid
    bool close_all_fds = false;
    std::string trace_file;  ///< Chrome trace of the start
    /// This program's main() calls take_over(): its monitors may wait as the small program, and execute this one again.
    bool program_takes_over = false;
};

struct AttachOptions {
    std::vector<std::string> command;    ///< empty: the user's shell
    std::optional<uint64_t> namespaces;  ///< CLONE_NEW* mask; none: those of the container
    bool skip_cgroup = false, skip_capabilities = false, skip_lsm = false;
    bool clear_environment = false;
    std::vector<std::string> keep_variables, set_variables;
    std::optional<uint32_t> uid, gid;
    std::optional<unsigned long> personality;
    bool remount_sys_proc = false;
    std::string context;  ///< LSM label instead of the container's
    std::string pty_log;
};

struct CreateOptions {
    std::string template_name;  ///< "none": no rootfs
    std::vector<std::string> arguments;
    std::string config_file;  ///< empty: lxc.default_config
    std::string storage;      ///< -B; empty: dir
    std::string directory;    ///< --dir
    uint64_t bytes = 0;
    std::string filesystem;
    std::vector<std::string> storage_options;
    bool quiet = false;
    std::function<void(std::string_view what, int percent)> progress;
};

struct CopyOptions {
    std::string name;     ///< of the copy
    std::string lxcpath;  ///< empty: that of the original
    std::string storage;  ///< -B; empty: that of the original, or for a snapshot the first that can
    bool snapshot = false;
    uint64_t bytes = 0;
    bool keep_name = false, keep_addresses = false, allow_running = false;
    std::vector<std::string> arguments;  ///< for lxc.hook.clone
};

/// Figures of a running container; no value where the host cannot tell.
struct Usage {
    std::optional<uint64_t> cpu_ns, memory_bytes, kernel_memory_bytes, swap_bytes, io_bytes;
};

class Container {
public:
    /// Nothing is read yet. Throws for a name that cannot be one (slash, newline, ".", too long).
    Container(std::string name, std::string lxcpath);

    const std::string& name() const { return name_; }
    const std::string& lxcpath() const { return lxcpath_; }
    std::string directory() const { return lxcpath_ + "/" + name_; }
    std::string config_path() const { return directory() + "/config"; }
    bool defined() const;
    /// Its creation was interrupted, maybe before it had a configuration.
    bool partial() const;
    /// Loads the container's file on first use. Throws.
    config::Config& config();
    /// -f FILE: replaces the file.
    void load_config(const std::string& file);

    /// Also `execute`. Foreground: returns the status of init (wait(2) exit code or 128+signal). Background: 0 once RUNNING.
    int start(const StartOptions& options);
    /// The table of the lifecycle for this container, with the plugins that act.
    std::string plan();

    /// Clean shutdown: halt signal, waits. False at the deadline. No timeout: for ever; 0: only the signal.
    bool shutdown(std::optional<std::chrono::seconds> timeout);
    void kill();  ///< SIGKILL, waits until gone
    /// The one, and after the deadline the other. As by both, the next life of a container that is started meanwhile is left
    /// alone.
    void stop(std::optional<std::chrono::seconds> timeout);
    bool reboot(std::optional<std::chrono::seconds> timeout);
    void freeze();
    void unfreeze();
    bool wait(const std::vector<monitor::State>& states, std::optional<std::chrono::milliseconds> timeout);

    /// The command's status: exit code, 128+signal, 126, 127, 255. For a process that does nothing else: it keeps the values of
    /// lxc.proc.* and the hard limits that it has passed on.
    int attach(const AttachOptions& options);
    /// lxc-console: tty -1 (first free), 0 (console), N. 0 when the person leaves, or by SIGTERM as with
    /// LXC; 129 (SIGHUP) when the terminal goes.
    int console(int tty, std::optional<int> escape, const std::function<void(int)>& connected);

    void create(const CreateOptions& options);
    /// Makes another container from this one. One that fails leaves nothing.
    void copy(const CopyOptions& options);
    void destroy(bool force, bool snapshots);

    monitor::State state();
    monitor::Status status();
    /// A configuration item as printed: that of the running container; of the file if it is stopped, or was given. Throws for
    /// what is no key.
    std::string item(const std::string& key);
    std::optional<pid_t> init_pid();
    Usage usage();
    /// What it runs with. No value: it does not run, or another runtime's monitor keeps that to itself.
    std::optional<config::Config> running_config() const;
    std::string cgroup_get(const std::string& file);
    void cgroup_set(const std::string& file, const std::string& value);

    /// Unwinds what a dead monitor left. True if there was something. Waits at most `patience` for who still takes back what is
    /// left of a container that has ended.
    bool recover(std::chrono::milliseconds patience = {});
    /// For who is about to change the container: it has ended, and so have its leftovers.
    void settle();

private:
    std::string name_, lxcpath_;
    std::optional<config::Config> config_;
    bool given_config_ = false;  ///< by load_config
};

/// Names with a config below an lxcpath, sorted.
std::vector<std::string> defined_containers(const std::string& lxcpath);
/// Names with a command socket.
std::vector<std::string> active_containers(const std::string& lxcpath);
struct Recovered {
    std::vector<std::string> containers;  ///< "LXCPATH NAME"
    std::vector<Error> failures;          ///< of those that could not be recovered
};
/// Unwinds every journal of this user whose monitor is gone.
Recovered recover_all();

}  // namespace keelson::container
