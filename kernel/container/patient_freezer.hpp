// Freezing, and letting go, of a container that makes us wait.
#pragma once

#include <kernel/container/cgroup.hpp>
#include <kernel/monitor/event_loop.hpp>
#include <kernel/process/channel.hpp>
#include <kernel/process/clone.hpp>

#include <cstdint>
#include <functional>

namespace keelson::container {

/// How long it takes to stop all processes is in the container's hands: one may wait for a filesystem that another has to
/// answer for. A process of ours waits for it meanwhile, one at a time, and the monitor serves on.
class PatientFreezer {
public:
    /// 0, or an errno.
    using Outcome = std::function<void(int code)>;

    PatientFreezer() = default;
    PatientFreezer(const PatientFreezer&) = delete;
    ~PatientFreezer() { cancel(); }

    /// `outcome` is called by the loop. Throws.
    void begin(monitor::EventLoop& loop, const Cgroup& cgroup, bool frozen, uint32_t timeout_ms, Outcome outcome);
    /// Whoever waits for one that is under way hears ECANCELED.
    void cancel() noexcept;
    bool busy() const noexcept { return channel_.fd() >= 0; }
    /// What it is busy with: freezing, or letting go.
    bool freezing() const noexcept { return frozen_; }

private:
    void finish();
    void end(int code);

    monitor::EventLoop* loop_ = nullptr;
    bool frozen_ = false;
    process::Clone worker_;
    process::Channel channel_;
    Outcome outcome_;
};

}  // namespace keelson::container
