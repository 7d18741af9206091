// The cgroups of one container, through the driver of the host's layout.
#pragma once

#include <kernel/container/facts.hpp>
#include <kernel/filesystem/rootfs_setup.hpp>

#include <optional>
#include <string>
#include <vector>

namespace keelson::container {

/// Descriptors that a new process needs to get into a cgroup.
struct CgroupEntry {
    UniqueFd unified;
    std::vector<UniqueFd> tasks;
    /// [the entering process] Writes itself into the v1 hierarchies.
    void enter_v1() const;
    /// [the entering process] Into all, also where it was not born.
    void enter() const;
};

class Cgroup {
public:
    /// Chooses the driver: keelson.cgroup.driver, or the first that applies to the host. For commands that look at a running
    /// container, `driver` is the one that it was started with, and `state` what `create` left.
    Cgroup(const Facts& facts, const config::Config& config, std::string driver = {}, std::string state = {});

    /// False: the container has no cgroup (keelson.cgroup.driver = none, or a host without any).
    bool available() const noexcept { return driver_ != nullptr; }
    const plugins::LoadedPlugin* driver() const noexcept { return driver_; }
    std::string driver_name() const;  ///< "none" without one
    const std::string& state() const noexcept { return state_; }

    void create(lifecycle::Journal& journal);
    /// Where the first process is born; none without version 2.
    UniqueFd birthplace() const;
    /// What `create` has left, once the first process is born.
    void complete() const;
    /// Goes on with what another process created.
    void adopt(std::string state, lifecycle::Journal& journal);
    CgroupEntry entry(abi::CgroupRole role) const;
    /// Whether the configuration has some of that phase.
    bool limits(abi::CgroupPhase phase) const;
    void limit(abi::CgroupPhase phase) const;
    void freeze(bool frozen, unsigned timeout_ms) const;
    bool is_frozen() const;
    /// What was killed can die then.
    void release() const;
    /// See abi::CgroupDriver; none when no file tells.
    struct FrozenFile {
        std::string path, thawed_text;
    };
    std::optional<FrozenFile> frozen_file() const;
    std::string read(const std::string& file) const;
    void write(const std::string& file, const std::string& value) const;
    std::string path(const std::string& controller) const;
    abi::CgroupUsage usage() const;
    std::vector<filesystem::CgroupMountPlan> mounts(const abi::CgroupMountRequest& request) const;

private:
    template <typename Method, typename... Arguments>
    void ask(Method method, Arguments... arguments) const;
    const plugins::LoadedPlugin& need(const std::string& object) const;

    const Facts& facts_;
    const config::Config& config_;
    const plugins::LoadedPlugin* driver_ = nullptr;
    std::string state_;
    lifecycle::Journal* journal_ = nullptr;
};

}  // namespace keelson::container
