// The monitor's life: start, serve, stop, and again when the container reboots.
#pragma once

#include <kernel/container/run.hpp>
#include <kernel/monitor/command_server.hpp>
#include <kernel/monitor/event_loop.hpp>

#include <memory>
#include <optional>
#include <string>

namespace keelson::container {

class Supervisor final : public monitor::CommandTarget {
public:
    /// The container does not run: `listener` is its command socket.
    Supervisor(const Facts& facts, config::Config& config, const StartOptions& options, UniqueFd listener);
    ~Supervisor() override;

    /// Foreground: returns when the container has stopped, with the wait status of init. Background: returns 0 in the caller
    /// once the container runs; the monitor itself never returns. Throws when the start failed; everything is undone then.
    int run();

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
    void freeze(bool frozen, uint32_t timeout_s) override;
    int devpts_fd() override { return run_->devpts.get(); }
    std::optional<Tty> take_tty(int number, int client) override;
    void client_gone(int client) override { run_->console.release(client); }
    std::string console_log(bool read, bool clear, uint64_t maximum, bool write_logfile) override;

private:
    void resolve();
    /// What comes before the stages that can be undone.
    void prepare();
    void start();
    void finish_start();
    void listen();
    void serve();
    void end_child();
    void handle_signals();
    /// A start that failed: the child says why and ends, the host side takes everything back and throws.
    [[noreturn]] void give_up(const Error& error);
    /// Stop is start, unwound: scripts and hooks, then the journal. Reports what failed to the log.
    void finish(bool reboot);
    /// The container runs no more, and does not come again: the address is free, and an ephemeral container is destroyed.
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
    UniqueFd signals_;
    monitor::State state_ = monitor::State::stopped;
    int wait_status_ = 0;
    bool monitor_born_ = false;
};

}  // namespace keelson::container
