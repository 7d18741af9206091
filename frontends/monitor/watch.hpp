// The monitor while its container runs: what it answers by itself, and when it goes back to being the whole program.
#pragma once

#include <kernel/console/console.hpp>
#include <kernel/monitor/command_server.hpp>
#include <kernel/monitor/event_loop.hpp>
#include <kernel/monitor/handed_over.hpp>
#include <kernel/monitor/watched.hpp>

#include <string>

namespace keelson::watch {

class Watch final : public monitor::CommandTarget {
public:
    /// `packed`: what the whole program handed over (kernel/container/takeover.cpp). Throws.
    explicit Watch(std::string packed);

    /// Until the container has ended, or somebody asks for what takes a plugin; then the whole program goes on with it. As long
    /// as that can not be executed, this one serves on and tries again.
    [[noreturn]] void run();

    // monitor::CommandTarget
    monitor::State state() override;
    pid_t init_pid() override { return watched_.init; }
    int init_pidfd() override { return watched_.init_pidfd; }
    uint64_t clone_flags() override { return watched_.clone_flags; }
    std::string name() override { return watched_.name; }
    std::string lxcpath() override { return watched_.lxcpath; }
    std::string config_item(const std::string& key) override;
    std::string cgroup_path(const std::string&) override { throw monitor::Deferred(); }
    UniqueFd cgroup_fd(const std::string&) override { throw monitor::Deferred(); }
    void stop() override;
    bool freeze(bool, uint32_t, Outcome) override { throw monitor::Deferred(); }
    int devpts_fd() override { return watched_.devpts; }
    std::optional<monitor::GivenTty> take_tty(int number, int client) override { return console_.give(number, client); }
    void client_gone(int client) override { console_.release(client); }
    std::string console_log(bool read, bool clear, uint64_t maximum, bool write_logfile) override {
        return console_.logged(read, clear, maximum, write_logfile);
    }

private:
    void watch_init();
    [[noreturn]] void go_back();

    std::string packed_;
    monitor::HandedOver parts_;
    base::Unpacker mine_;
    UniqueFd whole_program_;
    monitor::Watched watched_;
    console::Console console_;
    monitor::EventLoop loop_;
    monitor::CommandServer server_;
    UniqueFd signals_;
};

}  // namespace keelson::watch
