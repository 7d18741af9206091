// epoll(7), one thread.
#pragma once

#include <keelson/sdk/unique_fd.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace keelson::monitor {

class EventLoop {
public:
    using Handler = std::function<void(uint32_t events)>;

    EventLoop();
    /// The descriptor stays the caller's; it must be removed before it is closed. A handler may add and remove any descriptor.
    void add(int fd, uint32_t events, Handler handler);
    void modify(int fd, uint32_t events);
    void remove(int fd);
    /// Runs until `stop`. A handler that lets an exception out is logged and not called again; its descriptor is no longer
    /// watched, and everything else goes on.
    void run();
    using Clock = std::chrono::steady_clock;
    /// The same until then: false when nothing has stopped it before.
    bool run_until(Clock::time_point end);
    void stop() noexcept { running_ = false; }

private:
    void control(int operation, int fd, uint32_t events);
    void dispatch(int fd, uint32_t events);

    UniqueFd epoll_;
    std::map<int, std::shared_ptr<Handler>> handlers_;  ///< shared: a handler may remove itself while it runs
    bool running_ = false;
};

}  // namespace keelson::monitor
