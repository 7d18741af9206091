// The proxy of lxc.seccomp.notify.proxy: who answers the system calls with the action notify (seccomp_unotify(2)).
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <linux/seccomp.h>
#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace keelson::seccomp {

/// Speaks LXC's protocol: one packet for each call (SOCK_SEQPACKET), which comes back with the response filled in.
class Proxy {
public:
    /// `address`: "unix:/PATH" or "unix:@NAME". `cookie` is sent with each call. Throws.
    Proxy(std::string_view address, std::string cookie);

    /// Throws when nobody listens.
    void connect();

    /// Answers until the last process is gone that could ask. A call that the proxy does not answer, within 30 s, gets ENOSYS.
    void serve(int listener, pid_t monitor, pid_t init);

private:
    struct Call;

    void answer(int listener, pid_t monitor, pid_t init);
    bool ask(Call& call);
    bool exchange(Call& call);

    std::string address_, cookie_;
    UniqueFd socket_;
};

}  // namespace keelson::seccomp
