// The proxy of lxc.seccomp.notify.proxy: who answers the system calls with the action notify (seccomp_unotify(2)).
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <linux/seccomp.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::seccomp {

/// Speaks LXC's protocol: one packet for each call (SOCK_SEQPACKET), which comes back with the response filled in.
class Proxy {
public:
    using Warn = std::function<void(std::string_view message)>;

    /// `address`: "unix:/PATH" or "unix:@NAME". `cookie` is sent with each call. Throws.
    Proxy(std::string_view address, std::string cookie, Warn warn);

    /// Throws when nobody listens.
    void connect();

    /// Answers until the last process is gone that could ask. A call that the proxy does not answer, within 30 s, gets ENOSYS;
    /// so does one that fails here, with a warning. The proxy may answer through the listener itself before it replies.
    void serve(int listener, pid_t monitor, pid_t init);

private:
    struct Call;

    void answer(int listener, pid_t monitor, pid_t init);
    bool ask(Call& call);
    bool exchange(Call& call);

    std::string address_, cookie_;
    Warn warn_;
    UniqueFd socket_;
};

}  // namespace keelson::seccomp
