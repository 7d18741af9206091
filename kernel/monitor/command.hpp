// LXC's command socket: addresses, numbers and layouts that other programs speak (lxc(7) monitors listen on an abstract
// address).
#pragma once

#include <kernel/monitor/state.hpp>

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

/// Without the leading NUL: "LXCPATH/NAME/command", or "lxc/HASH/command" when that would be too long.
std::string command_address(const std::string& lxcpath, const std::string& name);

}  // namespace keelson::monitor
