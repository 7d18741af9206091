#include <poll.h>
#include <sys/epoll.h>
#include <keelson/sdk/error.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/second_try.hpp>
#include <kernel/monitor/event_loop.hpp>

#include <algorithm>
#include <climits>
#include <new>

namespace keelson::monitor {

namespace {

/// For epoll_wait(2): -1 without an end.
int milliseconds_until(EventLoop::Clock::time_point end) {
    if (end == EventLoop::Clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - EventLoop::Clock::now());
    return static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
}

}  // namespace

EventLoop::EventLoop() {
    base::with_second_try([this] {
        epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
        if (!epoll_) throw Error::last("epoll_create1", {});
    });
}

void EventLoop::control(int operation, int fd, uint32_t events) {
    base::with_second_try([&] {
        epoll_event event{.events = events, .data = {.fd = fd}};
        if (::epoll_ctl(epoll_.get(), operation, fd, &event) < 0) throw Error::last("watch descriptor", std::to_string(fd));
    });
}

void EventLoop::add(int fd, uint32_t events, Handler handler) {
    control(EPOLL_CTL_ADD, fd, events);
    handlers_[fd] = std::make_shared<Handler>(std::move(handler));
}

void EventLoop::modify(int fd, uint32_t events) { control(EPOLL_CTL_MOD, fd, events); }

void EventLoop::remove(int fd) {
    if (handlers_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::run() { run_until(Clock::time_point::max()); }

bool EventLoop::run_until(Clock::time_point end) {
    running_ = true;
    while (running_) {
        const int patience = milliseconds_until(end);
        if (patience == 0) return false;
        // One event at a time: what a handler removes cannot be waiting in a list of events already taken.
        epoll_event event{};
        const int count = ::epoll_wait(epoll_.get(), &event, 1, patience);
        if (count < 0 && errno != EINTR) throw Error::last("epoll_wait", {});
        if (count <= 0) continue;
        dispatch(event.data.fd, event.events);
    }
    return true;
}

void EventLoop::dispatch(int fd, uint32_t events) {
    const auto found = handlers_.find(fd);
    if (found == handlers_.end()) return;
    const std::shared_ptr<Handler> handler = found->second;
    try {
        (*handler)(events);
    } catch (const std::bad_alloc&) {
        // What still waits is told again, when there may be memory.
        ::poll(nullptr, 0, 10);
    } catch (const std::exception& error) {
        base::log_error(cat("descriptor ", fd, " is watched no longer: ", error.what()));
        // Its number may be another's by now.
        if (const auto now = handlers_.find(fd); now != handlers_.end() && now->second == handler) remove(fd);
    }
}

}  // namespace keelson::monitor
