// A container for a command server, which remembers what it was told.
#pragma once

#include <fcntl.h>
#include <keelson/sdk/error.hpp>
#include <kernel/monitor/command_server.hpp>

#include <string>
#include <utility>
#include <vector>

namespace keelson::test {

struct FakeContainer final : monitor::CommandTarget {
    monitor::State present = monitor::State::running;
    int stops = 0;
    bool defers = false, takes_time = false;  ///< freezing
    std::vector<Outcome> outcomes;            ///< of what takes time
    std::vector<std::pair<bool, uint32_t>> freezes;
    std::string log = "line\n";
    std::vector<int> gone;
    UniqueFd init;  ///< a pidfd
    UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};

    monitor::State state() override { return present; }
    pid_t init_pid() override { return 4711; }
    int init_pidfd() override { return init ? init.get() : null.get(); }
    uint64_t clone_flags() override { return 0x2c020000; }
    std::string name() override { return "web"; }
    std::string lxcpath() override { return path; }
    std::string config_item(const std::string& key) override {
        if (key == "lxc.uts.name") return "web";
        if (key == "lxc.empty") return {};
        throw Error(0, key, "unknown key");
    }
    std::string cgroup_path(const std::string& controller) override { return "/lxc.payload.web/" + controller; }
    UniqueFd cgroup_fd(const std::string&) override { throw Error(ENOENT, "cgroup2", "not there"); }
    void stop() override { ++stops; }
    bool freeze(bool frozen, uint32_t timeout, Outcome later) override {
        if (defers) throw monitor::Deferred();
        freezes.emplace_back(frozen, timeout);
        if (takes_time) outcomes.push_back(std::move(later));
        return !takes_time;
    }
    int devpts_fd() override { return -1; }
    std::optional<monitor::GivenTty> take_tty(int number, int) override {
        if (number > 1) return std::nullopt;
        return monitor::GivenTty{UniqueFd(::fcntl(null.get(), F_DUPFD_CLOEXEC, 0)), 1};
    }
    void client_gone(int client) override { gone.push_back(client); }
    std::string console_log(bool read, bool clear, uint64_t maximum, bool) override {
        std::string text = read ? log.substr(0, maximum ? maximum : log.size()) : std::string();
        if (clear) log.clear();
        return text;
    }
    std::string path;
};

}  // namespace keelson::test
