// The monitor's life: start, serve, stop, and again when the container reboots.
#pragma once

#include <kernel/container/patient_freezer.hpp>
#include <kernel/container/run.hpp>
#include <kernel/monitor/command_server.hpp>
#include <kernel/monitor/event_loop.hpp>
#include <kernel/monitor/watched.hpp>

#include <csignal>

#include <memory>
#include <optional>
#include <string>

namespace keelson::container {

struct Takeover;

class Supervisor final : public monitor::CommandTarget {
public:
    /// The container does not run: `listener` is its command socket.
    Supervisor(const Facts& facts, config::Config& config, const StartOptions& options, UniqueFd listener);
    ~Supervisor() override;

    /// Foreground: returns when the container has stopped, with the wait status of init. Background: returns 0 in the caller
    /// once the container runs; the monitor itself never returns. Throws when the start failed; everything is undone then.
    int run();

    /// The first step of a start, and of taking over: all that needs plugins. Throws.
    void choose_plugins();
    /// Takes what the small program had; then it is as if this one had started the container.
    void take_over(const Takeover& takeover, base::Unpacker& watch, base::Unpacker& container);
    /// From running to stopped, and again as often as it reboots.
    void live();

    // monitor::CommandTarget
    monitor::State state() override;
    pid_t init_pid() override { return run_->child.pid; }
    int init_pidfd() override { return run_->child.pidfd.get(); }
    uint64_t clone_flags() override { return run_->namespaces; }
    std::string name() override { return facts_.name(); }
    std::string lxcpath() override { return facts_.lxcpath(); }
    std::string config_item(const std::string& key) override;
    std::string cgroup_path(const std::string& controller) override { return run_->actors.cgroup.path(controller); }
    UniqueFd cgroup_fd(const std::string& controller) override;
    void stop() override;
    bool freeze(bool frozen, uint32_t timeout_s, Outcome later) override;
    int devpts_fd() override { return run_->devpts.get(); }
    std::optional<monitor::GivenTty> take_tty(int number, int client) override { return run_->console.give(number, client); }
    void client_gone(int client) override { run_->console.release(client); }
    std::string console_log(bool read, bool clear, uint64_t maximum, bool write_logfile) override {
        return run_->console.logged(read, clear, maximum, write_logfile);
    }

private:
    void resolve();
    /// What comes before the stages that can be undone.
    void prepare();
    void start();
    void finish_start();
    void listen();
    void watch_container();
    void serve();
    void wait_for_the_end();
    bool can_be_small() const;
    /// Comes back by throwing alone, and then nothing has changed.
    [[noreturn]] void become_small();
    monitor::Watched watched();
    std::map<std::string, std::string> items();
    int stop_signal() const { return config_.signal("lxc.signal.stop", SIGKILL); }
    void end_child();
    /// A start that failed: the child says why and ends, the host side takes everything back and throws.
    [[noreturn]] void give_up(const Error& error);
    /// Stop is start, unwound: scripts and hooks, then the journal, but for what is left to end_life. Reports what failed to
    /// the log. False when that is a post-stop hook: then nothing boots again.
    bool finish(bool reboot);
    void stop_listening();
    bool run_post_stop_hooks();
    void put_off_rest();
    void undo_rest();
    void hand_over_rest();
    /// The container runs no more, and does not come again: the address is free, what waits for the kernel is undone while
    /// nobody waits for us, and an ephemeral container is destroyed.
    void end_life();
    void end_servers();
    bool awaited() const noexcept;
    int wait_for_report();
    [[noreturn]] void live_as_monitor();
    void announce(monitor::State state);
    bool reboots(int wait_status) const noexcept;

    const Facts& facts_;
    config::Config& config_;
    const StartOptions& options_;
    UniqueFd listener_;
    std::unique_ptr<Run> run_;
    std::optional<monitor::EventLoop> loop_;
    std::optional<monitor::CommandServer> server_;
    PatientFreezer freezer_;
    UniqueFd signals_;
    UniqueFd small_program_;  ///< the same for all its life
    UniqueFd runtime_state_;  ///< what the whole program will need again
    monitor::State state_ = monitor::State::stopped;
    int wait_status_ = 0;
    bool monitor_born_ = false;
};

}  // namespace keelson::container
