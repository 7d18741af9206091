// The host side of a start, for one kind: what the checks of records apply and take back.
#pragma once

#include <conformance/bench.hpp>

#include <memory>

namespace keelson::conformance {

class Subject {
public:
    virtual ~Subject() = default;
    /// What has to be there before, and is no part of what is undone (a rootfs).
    virtual void provide(TestContainer&) {}
    /// Everything that the kind does on the host for a start, in its order. Throws Error for a failing call of the plugin.
    virtual void apply(TestContainer& container) = 0;
    /// Takes away what `provide` made.
    virtual void dispose(TestContainer&) {}
};

/// Throws Skipped for a plugin of which nothing can be applied.
std::unique_ptr<Subject> make_subject(Bench& bench);

std::unique_ptr<Subject> make_network(Bench& bench);
std::unique_ptr<Subject> make_storage(Bench& bench);
std::unique_ptr<Subject> make_security_module(Bench& bench);
std::unique_ptr<Subject> make_cgroup_driver(Bench& bench);
std::unique_ptr<Subject> make_template(Bench& bench);
std::unique_ptr<Subject> make_stage_hook(Bench& bench);

}  // namespace keelson::conformance
