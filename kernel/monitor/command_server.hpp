// The monitor's end of the command socket.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/base/packed.hpp>
#include <kernel/monitor/command.hpp>
#include <kernel/monitor/event_loop.hpp>
#include <kernel/monitor/given_tty.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace keelson::monitor {

/// Thrown by a target that can not answer here and now: the request waits, and the loop is stopped.
struct Deferred {};

/// What commands need to know and do; implemented by the container's monitor.
class CommandTarget {
public:
    virtual ~CommandTarget() = default;
    virtual State state() = 0;
    virtual pid_t init_pid() = 0;
    virtual int init_pidfd() = 0;  ///< borrowed
    virtual uint64_t clone_flags() = 0;
    virtual std::string name() = 0;
    virtual std::string lxcpath() = 0;
    virtual std::string config_item(const std::string& key) = 0;         ///< throws for unknown
    virtual std::string cgroup_path(const std::string& controller) = 0;  ///< throws
    virtual UniqueFd cgroup_fd(const std::string& controller) = 0;       ///< throws ENOENT-like Error
    virtual void stop() = 0;                                             ///< sends the stop signal, lets go of what is frozen
    /// False: `later` is called with 0 or an errno, but for a container that ends before.
    using Outcome = std::function<void(int code)>;
    virtual bool freeze(bool frozen, uint32_t timeout_s, Outcome later) = 0;
    virtual int devpts_fd() = 0;  ///< borrowed, -1
    virtual std::optional<GivenTty> take_tty(int number, int client) = 0;
    virtual void client_gone(int client) = 0;
    virtual std::string console_log(bool read, bool clear, uint64_t maximum, bool write_logfile) = 0;
};

/// Survives hostile clients: garbage, half messages, huge lengths, many connections, other users (EPERM).
class CommandServer {
public:
    /// Binds alone: as long as it is held nobody else can, and who calls is refused as if nobody were there. Throws.
    static UniqueFd take_address(const std::string& lxcpath, const std::string& name);
    /// Binds and listens: EADDRINUSE means that the container runs. Throws.
    static UniqueFd listen(const std::string& lxcpath, const std::string& name);

    CommandServer(UniqueFd listener, EventLoop& loop, CommandTarget& target);
    /// Goes on with the connections of the program before us. Requests that were deferred wait on.
    CommandServer(base::Unpacker& packed, EventLoop& loop, CommandTarget& target);
    ~CommandServer();
    void pack(base::Packer& packed) const;
    /// Asks the target again for what it deferred.
    void answer_deferred();
    /// Nobody can answer.
    void fail_deferred();
    /// Others can have the address, once no copy of the descriptor is open; who is connected stays.
    void stop_listening();
    /// Tells waiting state clients.
    void announce(State state);
    /// All others have nothing to hear from the life that comes.
    void keep_those_who_wait_for(State state);

private:
    struct Clients;
    std::unique_ptr<Clients> clients_;
};

}  // namespace keelson::monitor
