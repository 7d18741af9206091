#include <kernel/base/error.hpp>
#include <kernel/base/log.hpp>
#include <kernel/container/patient_freezer.hpp>

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace keelson::container {

void PatientFreezer::begin(monitor::EventLoop& loop, const Cgroup& cgroup, bool frozen, uint32_t timeout_ms, Outcome outcome) {
    cancel();
    auto [ours, theirs] = process::Channel::pair();
    process::Clone worker = process::clone_process({});
    if (worker.pid == 0) {
        ours.close();
        process::work_and_end(theirs, [&] {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (theirs.hung_up()) ::_exit(1);
            cgroup.freeze(frozen, timeout_ms);
            theirs.send('d');
        });
    }
    worker_ = std::move(worker);
    channel_ = std::move(ours);
    outcome_ = std::move(outcome);
    loop_ = &loop;
    frozen_ = frozen;
    loop.add(channel_.fd(), EPOLLIN, [this](uint32_t) { finish(); });
}

void PatientFreezer::finish() {
    const process::Channel::Message message = channel_.receive();
    int code = message.kind == 'd' ? 0 : ECHILD;
    if (message.kind == process::Channel::failure) {
        const Error error = process::unpack(message.text);
        base::log_warn(error.what());
        code = error.code() > 0 ? error.code() : EINVAL;
    }
    end(code);
}

void PatientFreezer::cancel() noexcept try {
    if (!busy()) return;
    process::send_signal(worker_.pidfd.get(), SIGKILL);
    end(ECANCELED);
} catch (const std::exception& error) {
    base::log_error(error.what());
}

void PatientFreezer::end(int code) {
    loop_->remove(channel_.fd());
    channel_.close();
    process::reap(worker_.pidfd.get());
    worker_ = {};
    const Outcome outcome = std::move(outcome_);
    outcome(code);
}

}  // namespace keelson::container
