#include <kernel/base/error.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/global.hpp>
#include <kernel/container/host_steps.hpp>
#include <kernel/container/runtime_state.hpp>
#include <kernel/container/supervisor.hpp>
#include <kernel/container/takeover.hpp>
#include <kernel/container/undo.hpp>
#include <kernel/monitor/command_client.hpp>
#include <kernel/monitor/handed_over.hpp>
#include <kernel/process/next_program.hpp>
#include <kernel/process/passed_signals.hpp>
#include <kernel/process/title.hpp>

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace keelson::container {
namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(::toupper(c));
    return out;
}

/// LXC_MNT_NS and its kin; returns the arguments of a stop hook of version 0.
std::string export_namespaces(Run& run) {
    std::string arguments;
    for (const auto& [name, fd] : run.namespace_fds.all()) {
        const std::string path = cat("/proc/", ::getpid(), "/fd/", fd);
        run.hooks.set(cat("LXC_", upper(name), "_NS"), path);
        arguments += cat(arguments.empty() ? "" : " ", name, ":", path);
    }
    return arguments;
}

bool undo_needs_network(const Run& run) {
    for (const NetworkChoice& network : run.actors.networks) {
        if ((network.plugin->as<abi::Network>().traits() & abi::network_undo_needs_namespace) != 0) return true;
    }
    return false;
}

/// The heap and the stack below the caller that the start has used and a waiting monitor does not.
void give_back_memory() {
    ::malloc_trim(0);
    constexpr uintptr_t reach = 128 * 1024, own_frames = 1024;
    const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    const uintptr_t end = (reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - own_frames) & ~(page - 1);
    // What the stack never reached is not mapped; that is told as an error, and the rest is done (madvise(2)).
    ::madvise(reinterpret_cast<void*>(end - reach), reach, MADV_DONTNEED);
}

void report(const std::vector<Error>& failures) {
    for (const Error& failure : failures) base::log_error(failure.what());
}

/// Also where memory is short: what has to be done after a failure is done whether it could be told or not.
void tell(base::Level level, const char* what, const std::exception& failure, base::Where where = base::Where::here()) noexcept
    try {
    base::log(level, cat(what, ": ", failure.what()), where);
} catch (const std::bad_alloc&) {
    base::log(level, what, where);
}

/// What fails while a container ends is reported, and the rest goes on. False: it failed.
bool tolerate(const char* what, const std::function<void()>& body) {
    try {
        body();
        return true;
    } catch (const std::exception& error) {
        tell(base::Level::error, what, error);
        return false;
    }
}

}  // namespace

Supervisor::Supervisor(const Facts& facts, config::Config& config, const StartOptions& options, UniqueFd listener)
    : facts_(facts), config_(config), options_(options), listener_(std::move(listener)) {}

Supervisor::~Supervisor() = default;

int Supervisor::run() {
    sigset_t before;
    const sigset_t forwarded = process::taken_signals();
    ::sigprocmask(SIG_BLOCK, &forwarded, &before);
    const auto restore = [&] { ::sigprocmask(SIG_SETMASK, &before, nullptr); };
    try {
        start();
        if (run_->lifecycle.side() == lifecycle::Side::caller) {
            restore();
            return wait_for_report();
        }
        live();
    } catch (const std::exception& error) {
        restore();
        if (!monitor_born_) throw;
        // Who asked for a start hears of its failure; nobody waits for the outcome of a reboot.
        if (!awaited()) tell(base::Level::error, "the monitor ends", error);
        ::_exit(1);
    }
    restore();
    if (monitor_born_) ::_exit(0);
    return wait_status_;
}

void Supervisor::live() {
    for (;;) {
        serve();
        const bool again = reboots(wait_status_);
        if (!finish(again) || !again) return end_life();
        start();
    }
}

void Supervisor::choose_plugins() { run_ = std::make_unique<Run>(facts_, config_, options_); }

/// Nothing is touched yet, so nothing is undone when it fails.
void Supervisor::resolve() {
    try {
        choose_plugins();
    } catch (Error& error) {
        throw error.at("stage resolve");
    }
    run_->lifecycle.run(lifecycle::Stage::resolve, lifecycle::Stage::resolve, run_->turns, run_->trace);
}

void Supervisor::prepare() try {
    resolve();
    run_->journal = lifecycle::Journal::create(facts_.runtime_directory(), facts_.lxcpath(), facts_.name());
    run_->actors.attach_journal(&*run_->journal);
} catch (...) {
    // A container that was to boot again has ended for good.
    if (reboots(wait_status_)) end_life();
    throw;
}

void Supervisor::start() {
    state_ = monitor::State::starting;
    prepare();
    // A container that rebooted has its monitor already.
    run_->monitor_born = monitor_born_;
    try {
        run_->lifecycle.run(lifecycle::Stage::pre_start, lifecycle::Stage::exec, run_->turns, run_->trace);
        monitor_born_ = run_->monitor_born;
        if (run_->lifecycle.side() == lifecycle::Side::host) finish_start();
    } catch (const std::exception& error) {
        give_up(base::as_error(error));
    }
}

void Supervisor::give_up(const Error& error) {
    if (run_->lifecycle.side() == lifecycle::Side::inside) {
        run_->turns.fail(error);
        ::_exit(1);
    }
    monitor_born_ = run_->monitor_born;
    announce(monitor::State::aborting);
    if (run_->child.pid > 0) end_child();
    run_->console.close();
    tolerate("take back the start", [&] { finish(false); });
    if (awaited()) tolerate("report the failure", [&] { run_->report.fail(error); });
    end_life();
    throw error;
}

void Supervisor::finish_start() {
    run_->trace.unpack(run_->turns.wait_for_exec());
    if (std::vector<UniqueFd> devpts = run_->turns.take("devpts"); !devpts.empty()) run_->devpts = std::move(devpts.front());
    if (std::vector<UniqueFd> console = run_->turns.take("console"); !console.empty())
        run_->console.adopt_console(std::move(console.front()));
    if (std::vector<UniqueFd> ttys = run_->turns.take("ttys"); !ttys.empty()) run_->console.adopt_ttys(std::move(ttys));
    run_->rootfs.reset();
    run_->birthplace.reset();
    save_runtime_state(*run_);
    runtime_state_.reset();
    if (!options_.trace_file.empty()) run_->trace.write(options_.trace_file);
    listen();
    announce(monitor::State::running);
    if (awaited()) {
        // Who asked may have been killed meanwhile; what it asked for runs all the same.
        tolerate("report the start", [&] { run_->report.send('r'); });
        run_->report.close();
    }
}

/// Whether the process that asked for the start waits for a report; not in the foreground, and not after a reboot.
bool Supervisor::awaited() const noexcept { return run_->report.fd() >= 0; }

int Supervisor::wait_for_report() {
    process::Channel::Message message;
    tolerate("hear of the start", [&] { message = run_->report.receive(); });
    if (message.kind == process::Channel::failure) throw process::unpack(message.text);
    if (message.kind == 'r') return 0;
    // Without a word the state tells. Our own copy of its socket would keep the monitor's death from us.
    listener_.reset();
    const auto state = monitor::CommandClient(facts_.lxcpath(), facts_.name())
                           .wait({monitor::State::running, monitor::State::stopped}, std::nullopt);
    if (state != monitor::State::running)
        throw Error(ECHILD, facts_.name(), "the monitor died while the container started", "start it with -F to see more");
    return 0;
}

/// All that serving takes, so that nothing of it can fail once the container is said to run.
void Supervisor::listen() {
    // After a reboot somebody may wait for it.
    if (!server_) {
        loop_.emplace();
        UniqueFd socket(::fcntl(listener_.get(), F_DUPFD_CLOEXEC, 3));
        if (!socket) throw Error::last("duplicate the command socket of", facts_.name());
        server_.emplace(std::move(socket), *loop_, *this);
    }
    watch_container();
}

void Supervisor::watch_container() {
    run_->console.attach(*loop_);
    if (!signals_) signals_ = process::open_taken_signals();
    loop_->add(signals_.get(), EPOLLIN, [this](uint32_t) {
        process::pass_on_signals(signals_.get(), run_->child.pidfd.get(), [this] { run_->console.window_changed(); });
    });
    loop_->add(run_->child.pidfd.get(), EPOLLIN, [this](uint32_t) { loop_->stop(); });
}

/// Until init has ended. Whatever keeps the monitor from serving ends the container: nobody else could.
void Supervisor::serve() {
    try {
        wait_for_the_end();
        wait_status_ = process::reap(run_->child.pidfd.get());
    } catch (const std::exception& error) {
        tell(base::Level::error, "the container is ended", error);
        end_child();
    }
    freezer_.cancel();
    loop_->remove(run_->child.pidfd.get());
    loop_->remove(signals_.get());
    run_->console.close();
}

/// If that fails, the journal still has the process.
void Supervisor::end_child() {
    freezer_.cancel();
    tolerate("end the container's first process", [&] {
        process::send_signal(run_->child.pidfd.get(), SIGKILL);
        if (!process::wait_until_gone(run_->child.pidfd.get(), process::usual_death_ms)) run_->actors.cgroup.release();
        wait_status_ = process::reap(run_->child.pidfd.get());
    });
}

/// A container that lives for longer than a moment is watched by the small program, or with less memory. Before, it would only
/// cost time, and most that is asked of a container is asked then.
void Supervisor::wait_for_the_end() {
    constexpr std::chrono::seconds moment(1);
    try {
        do {
            if (loop_->run_until(monitor::EventLoop::Clock::now() + moment)) return;
        } while (freezer_.busy());
        if (can_be_small()) become_small();
    } catch (const std::exception& error) {
        tell(base::Level::warn, "the monitor keeps its plugins in memory", error);
    }
    give_back_memory();
    loop_->run();
}

/// An ordinary user's capabilities do not outlive exec(2), and one in the foreground has a caller to return to.
bool Supervisor::can_be_small() const {
    return monitor_born_ && options_.program_takes_over && facts_.raw().ordinary_user == 0 && run_->console.can_be_packed() &&
           run_->actors.cgroup.frozen_file();
}

void Supervisor::become_small() {
    if (!small_program_) small_program_ = open_small_program();
    if (!runtime_state_) runtime_state_ = open_runtime_state(facts_.runtime_directory());
    const UniqueFd this_program = process::this_program();
    base::Packer watch, container;
    watch.fd(this_program.get());
    watched().pack(watch);
    server_->pack(watch);
    run_->console.pack(watch);
    Takeover{.small_program = small_program_.get(),
             .init_pidfd = run_->child.pidfd.get(),
             .journal = run_->journal->fd(),
             .state = runtime_state_.get(),
             .name = facts_.name(),
             .lxcpath = facts_.lxcpath(),
             .config_path = config_.path(),
             .installation_prefix = config::installation_prefix(),
             .options = options_}
        .pack(container);
    container.fd(listener_.get());
    pack(container, *run_);
    const base::Packer all = monitor::hand_over(watch, container);
    process::go_on_as(small_program_.get(), cat(process::monitor_title, facts_.lxcpath(), " ", facts_.name()), all.str(),
                      all.fds());
}

/// A container that cannot be watched is ended, as in serve().
void Supervisor::take_over(const Takeover& takeover, base::Unpacker& watch, base::Unpacker& container) try {
    run_->journal = lifecycle::Journal::held(facts_.runtime_directory(), UniqueFd(takeover.journal));
    small_program_.reset(takeover.small_program);
    runtime_state_.reset(takeover.state);
    base::pass_on({takeover.small_program, takeover.journal, takeover.state}, false);
    monitor_born_ = true;
    state_ = monitor::State::running;
    watch.fd();  // of the program that runs here
    const monitor::Watched watched = monitor::Watched::unpack(watch);
    loop_.emplace();
    server_.emplace(watch, *loop_, *this);
    run_->console.unpack(watch);
    listener_ = container.fd();
    unpack(container, watched, *run_);
    watch_container();
    server_->answer_deferred();
} catch (const std::exception& error) {
    tell(base::Level::error, "the container is ended", error);
    end_child();
    run_->console.close();
    finish(false);
    end_life();
    ::_exit(1);
}

/// All that are set, and what our own commands ask of each network device and, to see that it is not there, of one more.
std::map<std::string, std::string> Supervisor::items() {
    std::map<std::string, std::string> items;
    const auto add = [&](const std::string& key) {
        if (!items.contains(key)) items.emplace(key, config_item(key));
    };
    for (const config::Entry& entry : config_.entries()) add(entry.key);
    for (const NetworkChoice& network : run_->actors.networks) {
        for (const char* key : {"type", "link", "veth.pair"}) add(network.prefix() + key);
    }
    items.emplace(cat("lxc.net.", run_->actors.networks.empty() ? 0 : run_->actors.networks.back().index + 1, ".type"), "");
    return items;
}

monitor::Watched Supervisor::watched() {
    const Cgroup::FrozenFile frozen = run_->actors.cgroup.frozen_file().value();
    return {.name = facts_.name(),
            .lxcpath = facts_.lxcpath(),
            .init = run_->child.pid,
            .init_pidfd = run_->child.pidfd.get(),
            .clone_flags = run_->namespaces,
            .stop_signal = stop_signal(),
            .devpts = run_->devpts.get(),
            .frozen_file = frozen.path,
            .thawed_text = frozen.thawed_text,
            .items = items()};
}

/// Nobody is left to ask; one that waits for an answer itself would go on waiting.
void Supervisor::end_servers() {
    for (const process::Clone& server : run_->servers) {
        process::send_signal(server.pidfd.get(), SIGKILL);
        process::reap(server.pidfd.get());
    }
    run_->servers.clear();
}

bool Supervisor::finish(bool reboot) {
    tolerate("end those who answer system calls", [&] { end_servers(); });
    const std::string namespaces = export_namespaces(*run_);
    announce(monitor::State::stopping);
    if (run_->connected) {
        for (const NetworkChoice& network : run_->actors.networks) {
            if (!network.shares_host())
                tolerate("script.down", [&] { run_->hooks.run_script(network.link, network::ScriptAction::down); });
        }
    }
    run_->hooks.set("LXC_TARGET", reboot ? "reboot" : "stop");
    tolerate("stop", [&] { run_->hooks.run("stop", namespaces); });
    tolerate("stop", [&] { run_->actors.stage_hooks.run(abi::HookStage::stop, {}, &run_->namespace_fds); });
    if (!undo_needs_network(*run_)) run_->namespace_fds.close(CLONE_NEWNET);
    run_->pin.reset();
    report(
        lifecycle::unwind(*run_->journal, undo_with(facts_, config_, *run_->journal, &run_->namespace_fds), is_undone_at_once));
    run_->actors.attach_journal(nullptr);
    run_->namespace_fds.close();
    // Neither a hook nor the next boot finds anything left.
    if (reboot || run_->hooks.any("post-stop") || run_->actors.stage_hooks.any(abi::HookStage::post_stop)) undo_rest();
    tolerate("leave the rest for later", [&] { put_off_rest(); });
    if (reboot) {
        announce(monitor::State::stopped);
        server_->keep_those_who_wait_for(monitor::State::running);
        return run_post_stop_hooks();
    }
    stop_listening();
    // Who waits for the end may start the container again, or destroy it.
    const bool hooks_agree = run_post_stop_hooks();
    announce(monitor::State::stopped);
    return hooks_agree;
}

/// False: one of them failed.
bool Supervisor::run_post_stop_hooks() {
    const bool programs_agree = tolerate("post-stop", [&] { run_->hooks.run("post-stop"); });
    return tolerate("post-stop", [&] { run_->actors.stage_hooks.run(abi::HookStage::post_stop); }) && programs_agree;
}

/// The container is no more, for everybody but who wants its name.
void Supervisor::put_off_rest() {
    if (run_->journal && run_->journal->closed()) run_->journal.reset();
    if (!run_->journal) return;
    run_->journal->say_ended();
    remove_runtime_state(facts_.runtime_directory());
}

void Supervisor::undo_rest() {
    if (!run_->journal->closed())
        report(lifecycle::unwind(*run_->journal, undo_with(facts_, config_, *run_->journal, nullptr), is_undone_at_leisure));
    run_->journal.reset();
}

/// To another process, which holds nothing of the caller's, so that this one may end. The lock of the journal goes along.
void Supervisor::hand_over_rest() {
    if (process::clone_process({}).pid != 0) return run_->journal.reset();
    tolerate("leave the caller", [&] { host::leave_caller(base::inheritable_fds()); });
    process::set_title(cat("[lxc end] ", facts_.lxcpath(), " ", facts_.name()));
    tolerate("take back the rest", [&] { undo_rest(); });
    ::_exit(0);
}

/// Who hears of the end may take the address at once.
void Supervisor::stop_listening() {
    listener_.reset();
    if (server_) server_->stop_listening();
}

/// Who has ended it hears of that by the end of the socket: of an ephemeral container when nothing is left of it.
void Supervisor::end_life() {
    stop_listening();
    const bool ephemeral = config_.flag("lxc.ephemeral");
    if (!ephemeral) server_.reset();
    // With the first process of a namespace every other one ends.
    const bool caller_waits = !monitor_born_ && !ephemeral && ::getpid() != 1;
    if (caller_waits && run_->journal) tolerate("leave the rest to another process", [&] { hand_over_rest(); });
    if (run_->journal) undo_rest();
    if (ephemeral) tolerate("destroy after stop", [&] { Container(facts_.name(), facts_.lxcpath()).destroy(false, true); });
    server_.reset();
}

void Supervisor::announce(monitor::State state) {
    state_ = state;
    if (server_) server_->announce(state);
}

/// reboot(2) in a pid namespace ends its init by SIGHUP (restart) or SIGINT (halt).
bool Supervisor::reboots(int wait_status) const noexcept { return WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGHUP; }

/// The loop may hear of a question before it hears that init has ended.
monitor::State Supervisor::state() {
    if (state_ != monitor::State::running) return state_;
    if (process::wait_until_gone(run_->child.pidfd.get(), 0)) return monitor::State::stopping;
    if (freezer_.busy()) return freezer_.freezing() ? monitor::State::freezing : monitor::State::thawed;
    return run_->actors.cgroup.is_frozen() ? monitor::State::frozen : state_;
}

std::string Supervisor::config_item(const std::string& key) {
    for (const NetworkChoice& network : run_->actors.networks) {
        if (key == network.prefix() + "veth.pair" && !network.link.host_link.empty()) return network.link.host_link;
    }
    try {
        return config_.printed(key);
    } catch (const Error&) {
        return {};  // unknown, or of a device that has no such key: answered as what is not set
    }
}

UniqueFd Supervisor::cgroup_fd(const std::string& controller) {
    UniqueFd unified = run_->actors.cgroup.birthplace();
    if (!controller.empty() || !unified)
        throw Error(ENOENT, facts_.name(), "the container has no cgroup of version 2 for this");
    return unified;
}

void Supervisor::stop() {
    freezer_.cancel();
    // Asked first, so that who hears of a failure knows that nothing was done.
    const bool frozen = run_->actors.cgroup.is_frozen();
    process::send_signal(run_->child.pidfd.get(), stop_signal());
    const auto is_held = [&] {
        return stop_signal() == SIGKILL && !process::wait_until_gone(run_->child.pidfd.get(), process::usual_death_ms);
    };
    if (frozen || is_held()) run_->actors.cgroup.release();
}

bool Supervisor::freeze(bool frozen, uint32_t timeout_s, Outcome later) {
    constexpr uint32_t usual_ms = 50, patient_s = 60, most_s = INT32_MAX / 1000;
    const uint32_t timeout_ms = (timeout_s == 0 ? patient_s : std::min(timeout_s, most_s)) * 1000;
    freezer_.cancel();
    // Passing states: what the container is after them, also after a failure, its cgroup says.
    const auto tell = [this](monitor::State state) {
        if (server_) server_->announce(state);
    };
    tell(frozen ? monitor::State::freezing : monitor::State::thawed);
    try {
        run_->actors.cgroup.freeze(frozen, usual_ms);
        if (frozen) tell(monitor::State::frozen);
        return true;
    } catch (const Error& error) {
        if (error.code() != ETIMEDOUT) throw;
    }
    freezer_.begin(*loop_, run_->actors.cgroup, frozen, timeout_ms, [frozen, tell, later = std::move(later)](int code) {
        if (frozen && code == 0) tell(monitor::State::frozen);
        later(code);
    });
    return false;
}

}  // namespace keelson::container
