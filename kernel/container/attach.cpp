// lxc-attach: a process joins a running container, confined as the container's own are.
//
// The caller itself joins the namespaces and then makes the process, which the pid namespace counts for. All that is needed of
// the host (plugins, terminals, /proc) is opened before: what is looked up afterwards is the container's.
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/console/pty.hpp>
#include <kernel/console/terminal.hpp>
#include <kernel/container/confinement.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/environment.hpp>
#include <kernel/container/joining.hpp>
#include <kernel/container/pty_owner.hpp>
#include <kernel/container/session.hpp>
#include <kernel/container/turns.hpp>
#include <kernel/monitor/command_client.hpp>
#include <kernel/process/clone.hpp>
#include <kernel/process/credentials.hpp>
#include <kernel/process/settings.hpp>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

namespace keelson::container {
namespace {

/// The host's procfs, which the container cannot have replaced.
UniqueFd host_proc() {
    UniqueFd proc = base::open_file("/proc", O_PATH | O_DIRECTORY);
    struct statfs facts {};
    if (::fstatfs(proc.get(), &facts) != 0 || facts.f_type != PROC_SUPER_MAGIC)
        throw Error(EINVAL, "/proc", "this is not a procfs");
    return proc;
}

bool any_terminal() { return ::isatty(0) != 0 || ::isatty(1) != 0 || ::isatty(2) != 0; }

/// None when the container has none of its own.
UniqueFd container_devpts(const Container& container) {
    std::optional<monitor::Response> response =
        monitor::CommandClient(container.lxcpath(), container.name()).call(monitor::Command::get_devpts_fd);
    const bool has = response && response->result == 0 && !response->fds.empty();
    return has ? std::move(response->fds.front()) : UniqueFd();
}

/// From the container's own devpts when it has one, so that its tty(1) finds the name. That may be full, as any process inside
/// can make it, or mounted over: then the host's.
console::Pty open_container_pty(const Container& container, const Facts& facts) {
    if (const UniqueFd devpts = container_devpts(container)) {
        try {
            return console::open_pty(devpts.get());
        } catch (const Error& error) {
            base::log_info(cat("the attached process gets a terminal of the host: ", error.what()));
        }
    }
    console::Pty pty = console::open_pty();
    try {
        give_to_root(pty, facts);
    } catch (const Error& error) {
        base::log_info(cat("the terminal of the attached process stays ours: ", error.what()));
    }
    return pty;
}

void join_namespaces(int pidfd, uint64_t flags) {
    if (flags != 0 && ::setns(pidfd, static_cast<int>(flags)) != 0) {
        throw Error::last("join the container's namespaces", "",
                          errno == EPERM ? "only root and the user who started the container may" : "");
    }
}

/// The keyboard's signals are for the command inside. Until that runs, which in a frozen container may be never, they end us.
/// At most one at a time.
class KeyboardSignals {
public:
    explicit KeyboardSignals(const ChannelTurns& turns) {
        turns_ = &turns;
        interrupt_ = take(SIGINT);
        quit_ = take(SIGQUIT);
    }
    ~KeyboardSignals() { give_back(); }
    KeyboardSignals(const KeyboardSignals&) = delete;

    void ignore() const {
        ::signal(SIGINT, SIG_IGN);
        ::signal(SIGQUIT, SIG_IGN);
    }
    void give_back() const {
        ::signal(SIGINT, interrupt_);
        ::signal(SIGQUIT, quit_);
    }

private:
    static void on_signal(int number) {
        if (turns_->abandoned()) return;  // as exec has closed the other end
        ::signal(number, SIG_DFL);
        ::raise(number);
    }
    static sighandler_t take(int number) {
        struct sigaction old {};
        ::sigaction(number, nullptr, &old);
        if (old.sa_handler != SIG_IGN) ::signal(number, on_signal);
        return old.sa_handler;
    }

    static inline const ChannelTurns* turns_ = nullptr;
    sighandler_t interrupt_, quit_;
};

process::Clone make_process(const Session& session, uint64_t namespaces, int pidfd, const CgroupEntry& place) {
    // Born in its cgroup; an ordinary user who may not move processes there keeps the one that he has. The cgroup namespace is
    // joined by the process itself, later: who is in it already, from a cgroup outside, may put nobody anywhere
    // (cgroup_namespaces(7), nsdelegate).
    const int leaf = place.unified.get();
    join_namespaces(pidfd, namespaces & ~static_cast<uint64_t>(CLONE_NEWCGROUP));
    try {
        return process::clone_process({0, leaf});
    } catch (const Error& error) {
        const bool not_permitted = error.code() == EACCES || error.code() == EPERM;
        if (leaf < 0 || !not_permitted || session.facts().raw().ordinary_user == 0) throw;
        base::log_info(cat("the attached process stays in our cgroup: ", error.what()));
        return process::clone_process({});
    }
}

CgroupEntry place_in_cgroup(const Session& session, const AttachOptions& options) {
    if (options.skip_cgroup) return {};
    try {
        return session.cgroup().entry(abi::CgroupRole::joining);
    } catch (const Error& error) {
        if (session.facts().raw().ordinary_user == 0) throw;
        base::log_info(cat("the attached process stays in our cgroup: ", error.what()));
        return {};
    }
}

/// As the attached process sees it, which needs it for lxc.sched.core alone.
pid_t pid_of_init(const Session& session, uint64_t namespaces) {
    if (!session.config().flag("lxc.sched.core")) return 0;
    const std::string record = session.state_of("init");
    const auto pid = static_cast<pid_t>(base::parse_unsigned(base::words(record).front()).value_or(0));
    return (namespaces & CLONE_NEWPID) != 0 ? process::pid_in_own_namespace(pid) : pid;
}

UniqueFd open_pty_log(const AttachOptions& options) {
    if (options.pty_log.empty()) return {};
    // Nobody waits for the reader of a pipe.
    return base::open_file(options.pty_log, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY, 0640);
}

/// Returns the signal that ended it before the command did, else 0.
int relay(const console::Pty& pty, int log, int pidfd) {
    const bool input = ::isatty(0) != 0;
    std::optional<console::RawTerminal> raw;
    if (input) raw.emplace(0);
    return console::proxy(pty.master.get(), {input ? 0 : -1, ::isatty(1) != 0 ? 1 : 2, std::nullopt, log, pidfd});
}

constexpr int patience_ms = 1000;

/// The kernel sends SIGHUP to the command, which outlives us if it ignores that. As with lxc-attach the status is the command's
/// after SIGTERM, but no command keeps us.
int hang_up(console::Pty& pty, int pidfd, int signal) {
    pty.master.reset();
    if (signal == SIGTERM && process::wait_until_gone(pidfd, patience_ms)) return process::shell_status(process::reap(pidfd));
    return 128 + signal;
}

}  // namespace

int Container::attach(const AttachOptions& options) {
    const config::Config& of_file = config();  // read now: afterwards the path is the container's
    const Session session(*this);
    Confinement confinement(session.facts(), session.config(), session.state());
    if (!options.context.empty()) confinement.relabel(options.context);

    const UniqueFd pidfd = process::open_recorded(session.state_of("init"));
    if (!pidfd) throw not_running(*this);
    const uint64_t own = base::parse_unsigned(session.state_of("namespaces")).value_or(0);
    const uint64_t namespaces = options.namespaces ? *options.namespaces & own : own;

    // Root of a container without a user namespace could reach the host through any descriptor of ours that leads there.
    const UniqueFd proc = (own & CLONE_NEWUSER) != 0 ? host_proc() : UniqueFd();
    CgroupEntry place = place_in_cgroup(session, options);
    console::Pty pty = any_terminal() ? open_container_pty(*this, session.facts()) : console::Pty();
    if (pty.master) console::copy_window_size(::isatty(0) != 0 ? 0 : 1, pty.master.get());

    UniqueFd log = open_pty_log(options);
    const pid_t init = pid_of_init(session, namespaces);

    ChannelTurns turns;
    turns.open();
    const KeyboardSignals keyboard(turns);
    // The attached process has them from us.
    process::make_room_for_limits(of_file);
    process::set_proc_values(of_file, ::getpid());
    process::withhold_from_namespace_root();
    const process::Clone process = make_process(session, namespaces, pidfd.get(), place);
    if (process.pid == 0) {
        turns.became_child();
        keyboard.give_back();
        log.reset();
        Joining{session, of_file, confinement, options, namespaces, pidfd.get(), init, proc.get(), place, pty, turns}.become();
    }
    turns.became_host();
    pty.peer.reset();
    if (pty.master) {
        turns.wait_for_exec();
        keyboard.ignore();
        if (const int signal = relay(pty, log.get(), process.pidfd.get())) return hang_up(pty, process.pidfd.get(), signal);
        return process::shell_status(process::reap(process.pidfd.get()));
    }
    // Nothing to do until it ends, and what it said before exec is still there then: one wake-up instead of three.
    const int status = process::reap(process.pidfd.get());
    turns.wait_for_exec();
    return process::shell_status(status);
}

}  // namespace keelson::container
