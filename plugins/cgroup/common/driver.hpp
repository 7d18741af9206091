// The three layouts are one driver that is told which versions of cgroups it looks after.
#pragma once

#include "cgroups.hpp"
#include "controls.hpp"

#include <keelson/sdk/cgroup_driver.hpp>

#include <string>
#include <vector>

namespace keelson::cgroup {

/// See abi/cgroup_driver.hpp. The state of the calls is Cgroups as text, and so are the records of `create` and of the
/// monitor's cgroups.
class Driver : public sdk::CgroupDriver {
public:
    /// Hierarchies of a version without controls are left alone. The controls live as long as the driver.
    explicit Driver(AllControls controls) : controls_(controls) {}

    std::string create(const sdk::Context&) override;
    UniqueFd birthplace(const sdk::Context&, State) override;
    void complete(const sdk::Context&, State) override;
    sdk::CgroupEntry entry(const sdk::Context&, State, abi::CgroupRole) override;
    void limit(const sdk::Context&, State, abi::CgroupPhase) override;
    void freeze(const sdk::Context&, State, bool frozen, uint32_t timeout_ms) override;
    bool is_frozen(const sdk::Context&, State) override;
    std::string read(const sdk::Context&, State, std::string_view file) override;
    void write(const sdk::Context&, State, std::string_view file, std::string_view value) override;
    std::string path(const sdk::Context&, State, std::string_view controller) override;
    abi::CgroupUsage usage(const sdk::Context&, State) override;
    std::vector<sdk::CgroupMount> mounts(const sdk::Context&, State, const abi::CgroupMountRequest&) override;
    std::optional<sdk::FrozenFile> frozen_file(const sdk::Context&, State) override;
    void release(const sdk::Context&, State) override;
    void undo(const sdk::Context&, std::string_view record, const sdk::Namespaces&) override;

private:
    void make_for_monitor(const sdk::Context&, const Cgroups&) const;

    AllControls controls_;
};

}  // namespace keelson::cgroup
