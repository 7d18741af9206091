#include <sys/epoll.h>
#include <keelson/sdk/error.hpp>
#include <kernel/base/log.hpp>
#include <kernel/monitor/event_loop.hpp>

namespace keelson::monitor {

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) throw Error::last("epoll_create1", {});
}

void EventLoop::add(int fd, uint32_t events, Handler handler) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) throw Error::last("watch descriptor", std::to_string(fd));
    handlers_[fd] = std::make_shared<Handler>(std::move(handler));
}

void EventLoop::modify(int fd, uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) < 0) throw Error::last("watch descriptor", std::to_string(fd));
}

void EventLoop::remove(int fd) {
    if (handlers_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::run() {
    running_ = true;
    while (running_) {
        // One event at a time: what a handler removes cannot be waiting in a list of events already taken.
        epoll_event event{};
        const int count = ::epoll_wait(epoll_.get(), &event, 1, -1);
        if (count < 0 && errno != EINTR) throw Error::last("epoll_wait", {});
        if (count <= 0) continue;
        dispatch(event.data.fd, event.events);
    }
}

void EventLoop::dispatch(int fd, uint32_t events) {
    const auto found = handlers_.find(fd);
    if (found == handlers_.end()) return;
    const std::shared_ptr<Handler> handler = found->second;
    try {
        (*handler)(events);
    } catch (const std::exception& error) {
        base::log_error(cat("descriptor ", fd, " is watched no longer: ", error.what()));
        // Its number may be another's by now.
        if (const auto now = handlers_.find(fd); now != handlers_.end() && now->second == handler) remove(fd);
    }
}

}  // namespace keelson::monitor
