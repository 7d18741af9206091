#pragma once

#include <keelson/sdk/security_module.hpp>

#include <string>

namespace keelson::landlock {

/// keelson.lsm.landlock.*: the state is Wishes as text.
class Module final : public sdk::SecurityModule {
public:
    /// Throws ENOTSUP when the kernel cannot do what is asked for, unless keelson.lsm.landlock.optional = 1.
    bool check(const sdk::Context& context) override;
    std::string prepare(const sdk::Context& context) override;
    void confine(const sdk::Context& context, std::string_view state, int proc_borrowed) override;
};

}  // namespace keelson::landlock
