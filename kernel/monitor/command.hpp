// LXC's command socket: addresses, numbers and layouts that other programs speak (lxc(7) monitors listen on an abstract
// address).
#pragma once

#include <kernel/monitor/state.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>

namespace keelson::monitor {

enum class Command : int32_t {
    get_tty_fd,
    terminal_winch,
    stop,
    get_state,
    get_init_pid,
    get_clone_flags,
    get_cgroup,
    get_config_item,
    get_name,
    get_lxcpath,
    add_state_client,
    console_log,
    serve_state_clients,
    seccomp_notify_add_listener,
    add_bpf_device_cgroup,
    freeze,
    unfreeze,
    get_cgroup2_fd,
    get_init_pidfd,
    get_limit_cgroup,
    get_limit_cgroup2_fd,
    get_devpts_fd,
    get_seccomp_notify_fd,
    get_cgroup_ctx,
    get_cgroup_fd,
    get_limit_cgroup_fd,
    get_systemd_scope,
};

struct RequestHeader {
    int32_t command;
    int32_t data_length;
    uint64_t data;  ///< small integers travel here
};
struct ResponseHeader {
    int32_t result;  ///< 0 or -errno
    int32_t data_length;
    uint64_t data;
};
static_assert(sizeof(RequestHeader) == 16 && sizeof(ResponseHeader) == 16);

/// Number of a get_state that asks for the pid of init too: it comes in the upper half of the answer's number. LXC's monitors
/// look at no number there, and leave that half empty.
constexpr uint64_t with_init_pid = 0x6b65656c736f6e00;

/// Longest request data (twice PATH_MAX); nothing that a peer may ask for is longer.
constexpr int32_t maximum_request = 2 * 4096;

/// Data of add_state_client: a mark for each state; `next_time` for running means not the present one.
struct StateWishes {
    static constexpr int32_t next_time = 2;
    int32_t wanted[8];
};
/// What a state client gets, once.
struct StateMessage {
    int32_t type;  ///< 0
    char name[256];
    int32_t state;
};
/// Number in the answer to add_state_client when the present state is not wanted.
constexpr uint64_t no_state = 8;

/// Data of console_log.
struct ConsoleLogRequest {
    uint8_t clear;  ///< these are C's bool; any byte may come
    uint8_t read;
    uint8_t unused[6];
    uint64_t maximum;  ///< 0: all
    uint8_t write_logfile;
    uint8_t unused_too[7];
};
static_assert(sizeof(StateMessage) == 264 && sizeof(ConsoleLogRequest) == 24);

/// Without the leading NUL: "LXCPATH/NAME/command", or "lxc/HASH/command" when that would be too long.
std::string command_address(const std::string& lxcpath, const std::string& name);

/// An abstract address (unix(7)), which needs no file and vanishes with its socket.
class AbstractAddress {
public:
    /// Throws ENAMETOOLONG.
    explicit AbstractAddress(const std::string& name);
    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&address_); }
    socklen_t length() const noexcept { return length_; }

private:
    sockaddr_un address_{};
    socklen_t length_;
};

}  // namespace keelson::monitor
