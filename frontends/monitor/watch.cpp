#include <frontends/monitor/watch.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/clone.hpp>
#include <kernel/process/next_program.hpp>
#include <kernel/process/passed_signals.hpp>

#include <signal.h>
#include <sys/epoll.h>

namespace keelson::watch {

Watch::Watch(std::string packed)
    : packed_(std::move(packed)),
      parts_(monitor::HandedOver::in(packed_)),
      mine_(parts_.watch),
      whole_program_(mine_.fd()),
      watched_(monitor::Watched::unpack(mine_)),
      server_(mine_, loop_, *this) {
    console_.unpack(mine_);
    base::Unpacker log(parts_.log);
    base::unpack_log(log);
    console_.attach(loop_);
    signals_ = process::open_taken_signals();
    loop_.add(signals_.get(), EPOLLIN, [this](uint32_t) {
        process::pass_on_signals(signals_.get(), watched_.init_pidfd, [this] { console_.window_changed(); });
    });
    watch_init();
}

void Watch::watch_init() {
    loop_.add(watched_.init_pidfd, EPOLLIN, [this](uint32_t) { loop_.stop(); });
}

void Watch::run() {
    // What the whole program could not answer either.
    server_.fail_deferred();
    for (bool asked = false;;) {
        if (!asked) loop_.run();
        try {
            go_back();
        } catch (const std::exception& error) {
            base::log_error(cat("the monitor can not do more than watch: ", error.what()));
        }
        server_.fail_deferred();
        // Of an init that has ended we would hear at once again. Whoever asks has another try.
        loop_.remove(watched_.init_pidfd);
        asked = loop_.run_until(monitor::EventLoop::Clock::now() + std::chrono::seconds(1));
        watch_init();
    }
}

void Watch::go_back() {
    base::Packer mine;
    mine.fd(whole_program_.get());
    watched_.pack(mine);
    server_.pack(mine);
    console_.pack(mine);
    const base::Packer all = monitor::hand_over(mine, base::Packer(parts_.container));
    process::go_on_as(whole_program_.get(), cat(process::monitor_title, watched_.lxcpath, " ", watched_.name), all.str(),
                      all.fds());
}

/// Of a container that has ended, and may boot again, the whole program tells.
monitor::State Watch::state() {
    if (process::wait_until_gone(watched_.init_pidfd, 0)) throw monitor::Deferred();
    if (watched_.frozen_file.empty()) return monitor::State::running;
    // Somebody may have removed the cgroup.
    const std::optional<std::string> text = base::read_file_if_there(watched_.frozen_file);
    const bool frozen = text && base::trim(*text) != watched_.thawed_text;
    return frozen ? monitor::State::frozen : monitor::State::running;
}

std::string Watch::config_item(const std::string& key) {
    const auto known = watched_.items.find(key);
    if (known == watched_.items.end()) throw monitor::Deferred();
    return known->second;
}

void Watch::stop() {
    // To let go of it takes the cgroups' plugin, as it does of what the container froze by itself.
    if (state() == monitor::State::frozen) throw monitor::Deferred();
    process::send_signal(watched_.init_pidfd, watched_.stop_signal);
    if (watched_.stop_signal == SIGKILL && !process::wait_until_gone(watched_.init_pidfd, process::usual_death_ms))
        throw monitor::Deferred();
}

}  // namespace keelson::watch
