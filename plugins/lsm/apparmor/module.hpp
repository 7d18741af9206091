#pragma once

#include "host.hpp"

#include <keelson/sdk/security_module.hpp>

#include <string>

namespace keelson::apparmor {

/// lxc.apparmor.*: the state is "required LABEL" or "optional LABEL". Records: "profile NAME" and "namespace NAME", for a
/// profile that was made for the container.
class Module final : public sdk::SecurityModule, public sdk::SecurityLabel, public sdk::SecurityMounts {
public:
    Module() = default;
    explicit Module(HostPaths paths) : host_(std::move(paths)) {}

    /// A host without AppArmor is no error, whatever the configuration says: it is LXC's behaviour, and what
    /// "unconfined" in so many configurations relies on.
    bool check(const sdk::Context& context) override;
    std::string prepare(const sdk::Context& context) override;
    void confine(const sdk::Context& context, std::string_view state, int proc_borrowed) override;
    void undo(const sdk::Context& context, std::string_view record, const sdk::Namespaces& namespaces) override;
    std::string state_of(std::string_view label) override { return cat("required ", label); }
    /// For nesting a whole proc and sysfs, as the kernel lets a user namespace mount these only where it sees them complete
    /// (user_namespaces(7)). The profile keeps everybody from reading there.
    std::vector<std::string> mounts(const sdk::Context& context) override;

private:
    struct Choice;
    Choice choose(const sdk::Context& context) const;
    Choice choose_default(const sdk::Context& context) const;
    void check_starter(const sdk::Context& context) const;
    std::string generate(const sdk::Context& context) const;

    Host host_;
};

}  // namespace keelson::apparmor
