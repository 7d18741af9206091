#pragma once

#include <keelson/sdk/security_module.hpp>

#include <string>

namespace keelson::seccomp {

/// lxc.seccomp.*: the state is the program, an array of sock_filter.
class Module final : public sdk::SecurityModule, public sdk::SecurityListener {
public:
    /// As in LXC, a starter that is confined itself, and a kernel without seccomp, leave the policy out silently; with
    /// lxc.seccomp.allow_nesting = 1 it is loaded on top of the starter's.
    bool check(const sdk::Context& context) override;
    std::string prepare(const sdk::Context& context) override;
    /// Needs CAP_SYS_ADMIN in the process's user namespace, or lxc.no_new_privs = 1 (seccomp(2)).
    void confine(const sdk::Context& context, std::string_view state, int proc_borrowed) override;
    /// Listens if the policy has the action notify, and a proxy is named.
    UniqueFd confine_listening(const sdk::Context& context, std::string_view state, int proc_borrowed) override;
    void serve(const sdk::Context& context, int listener_borrowed, pid_t init) override;
};

}  // namespace keelson::seccomp
