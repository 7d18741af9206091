#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/host_steps.hpp>
#include <kernel/container/link_text.hpp>
#include <kernel/container/pty_owner.hpp>
#include <kernel/container/undo.hpp>
#include <kernel/process/credentials.hpp>
#include <kernel/process/next_program.hpp>
#include <kernel/process/settings.hpp>
#include <kernel/process/title.hpp>
#include <kernel/process/user_privilege.hpp>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace keelson::container::host {
namespace {

/// Of one that was left behind, and perhaps not quite written.
bool looks_like_pid_file(int fd) {
    char text[64];
    struct stat facts {};
    if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) return false;
    const ssize_t size = ::pread(fd, text, sizeof text, 0);
    if (size < 0) return false;
    const std::string_view content = base::trim({text, static_cast<size_t>(size)});
    return content.empty() || base::parse_unsigned(content).has_value();
}

/// As LXC does: one that is there is written over and goes when the container ends, and of a link what it leads to. But
/// nothing else is.
void write_pid_file(Run& run) {
    const std::string& path = run.options.pid_file;
    if (path.empty()) return;
    const uint64_t record = run.journal->intend("kernel", "file", path);
    const UniqueFd file = base::open_file(path, O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY, 0600);
    if (!looks_like_pid_file(file.get())) {
        throw Error(0, path, "this is not a pid file, and is not written over:",
                    "remove it, or name another file to keep the monitor's pid in");
    }
    run.journal->complete(record, file_record(base::path_of(file.get())));
    if (::ftruncate(file.get(), 0) != 0) throw Error::last("truncate", path);
    base::write_fd(file.get(), cat(::getpid()), path);
}

/// A process of its own, as an answer may take long and the monitor waits for nobody.
process::Clone make_server(const Run& run, const ModuleChoice& module, const UniqueFd& listener) {
    const pid_t monitor = ::getpid();
    process::Clone server = process::clone_process({});
    if (server.pid != 0) return server;
    process::die_with(monitor);
    process::set_title(cat("[lxc ", module.name(), "] ", run.facts.lxcpath(), " ", run.facts.name()));
    try {
        run.actors.confinement.serve(module, listener.get(), run.child.pid);
    } catch (const std::exception& error) {
        base::log_error(cat("system calls of the container are not answered any more: ", error.what()));
        ::_exit(1);
    }
    ::_exit(0);
}

/// From the moment that the child is confined: what it does until it is init may be such a call already.
void serve_listeners(Run& run) {
    for (const ModuleChoice& module : run.actors.confinement.modules()) {
        run.turns.expect(listener_of(module), [&run, &module](const std::vector<UniqueFd>& listeners) {
            for (const UniqueFd& listener : listeners) run.servers.push_back(make_server(run, module, listener));
        });
    }
}

/// Made by the child itself, later: the network namespace because it takes the kernel longest, and we make cgroups meanwhile;
/// the cgroup namespace's root is where the child then stands; and time has no clone3 flag that counts for the child.
constexpr uint64_t made_later = CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME;

}  // namespace

void leave_caller(const std::vector<int>& descriptors) {
    ::setsid();
    if (::chdir("/") != 0) throw Error::last("enter", "/");
    const UniqueFd null = base::open_file("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) ::dup2(null.get(), fd);
    base::detach_log_from_stderr();
    for (const int fd : descriptors) {
        if (fd > 2) ::close(fd);
    }
}

void check_plugins(Run& run) { run.actors.check(); }

/// As long as our own are the host's (lxc.monitor.unshare).
void choose_namespaces(Run& run) {
    run.namespaces = process::wanted_namespaces(run.config, run.actors.host_network());
    run.shared = process::open_shared(run.config, run.facts.lxcpath(), run.facts.name());
}

/// A monitor that cannot open any file more answers nobody.
void check_limits(Run& run) {
    const rlim_t least = 48 + 2 * run.config.number("lxc.tty.max");
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= least) return;
    throw Error(EMFILE, "RLIMIT_NOFILE",
                cat("only ", limit.rlim_cur, " files may be open, and the container's monitor needs ", least, ":"),
                "raise it, with ulimit -n or LimitNOFILE=");
}

void enter_user_namespace(Run& run) {
    if (!process::has_capability(CAP_SYS_ADMIN)) process::enter_user_privilege(run.facts.idmap());
}

void leave_mount_namespace(Run& run) {
    if (run.config.number("lxc.monitor.unshare") == 0 || run.monitor_born) return;
    if (::unshare(CLONE_NEWNS) != 0) throw Error::last("make a mount namespace", "lxc.monitor.unshare");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) throw Error::last("make mounts private", "/");
}

void run_pre_start_hooks(Run& run) {
    run.hooks.run("pre-start");
    run.actors.stage_hooks.run(abi::HookStage::pre_start);
}

void prepare_console(Run& run) {
    run.console.prepare(!run.options.daemonize);
    if (const console::Pty* console = run.console.host_console()) {
        give_to_root(*console, run.facts);
        // What grantpt(3) gives a terminal: its group may write to it.
        if (::fchmod(console->peer.get(), 0620) != 0) throw Error::last("chmod", cat("/dev/pts/", console->number));
    }
    for (const console::Pty& tty : run.console.host_ttys()) give_to_root(tty, run.facts);
}

void make_cgroups(Run& run) {
    run.actors.cgroup.create(*run.journal);
    run.birthplace = run.actors.cgroup.birthplace();
}

void become_monitor(Run& run) {
    // Its cgroups went with the life before.
    if (run.monitor_born) run.actors.cgroup.entry(abi::CgroupRole::monitor).enter();
    if (run.options.daemonize && !run.monitor_born) {
        const CgroupEntry place = run.actors.cgroup.entry(abi::CgroupRole::monitor);
        auto [theirs, ours] = process::Channel::pair();
        const process::Clone monitor = process::clone_process({0, place.unified.get()});
        if (monitor.pid != 0) {
            run.report = std::move(theirs);
            run.lifecycle.became(lifecycle::Side::caller);
            return;
        }
        run.report = std::move(ours);
        run.monitor_born = true;
        leave_caller(run.of_caller);
        process::set_title(cat(process::monitor_title, run.facts.lxcpath(), " ", run.facts.name()));
        place.enter_v1();
    }
    write_pid_file(run);
}

void mount_rootfs(Run& run) {
    UniqueFd mount;
    if (run.actors.storage.available()) {
        run.actors.storage.prepare();
        mount = run.actors.storage.mount();
    }
    run.rootfs.emplace(run.config, run.facts.lxcpath(), run.facts.name(), std::move(mount));
    run.rootfs->prepare(run.actors.confinement.mount_entries());
}

void make_child(Run& run) {
    if (run.has(CLONE_NEWNET)) run.gateways = network::find_auto_gateways(run.config);
    run.turns.open();
    const uint64_t record = run.journal->intend("kernel", "process", "");
    run.child = process::clone_into({run.namespaces & ~made_later, run.birthplace.get(), true}, run.shared);
    if (run.child.pid == 0) {
        run.lifecycle.became(lifecycle::Side::inside);
        run.turns.became_child();
        run.trace.forget();
        return;
    }
    run.turns.became_host();
    serve_listeners(run);
    run.journal->complete(record, process::process_record(run.child.pid));
    run.hooks.set("LXC_PID", cat(run.child.pid));
    process::set_core_scheduling(run.config, run.child.pid);
}

void map_ids(Run& run) {
    if (run.has(CLONE_NEWUSER)) run.facts.idmap().write_for(run.child.pid);
}

void complete_cgroups(Run& run) { run.actors.cgroup.complete(); }

void set_limits(Run& run) { run.actors.cgroup.limit(abi::CgroupPhase::before_setup); }

void let_into_cgroups(Run& run) {
    const CgroupEntry payload = run.actors.cgroup.entry(abi::CgroupRole::payload);
    std::vector<int> tasks;
    for (const UniqueFd& file : payload.tasks) tasks.push_back(file.get());
    run.turns.hand_over(way_into_cgroups, tasks);
}

/// By the host's mount: a writer on ours would keep it from being made read-only.
void pin_rootfs(Run& run) {
    const UniqueFd rootfs = base::open_file(run.actors.storage.path(), O_PATH | O_DIRECTORY);
    run.pin = filesystem::RootfsSetup::pin(rootfs.get());
}

void take_namespaces(Run& run) {
    run.namespace_fds = process::NamespaceSet(run.child.pid, run.namespaces & ~made_later);
    if (run.has(CLONE_NEWNET)) run.namespace_fds.put(CLONE_NEWNET, std::move(run.turns.wait_for(network_namespace).at(0)));
}

void connect_network(Run& run, size_t which) {
    NetworkChoice& network = run.actors.networks[which];
    run.connected = true;
    run.actors.connect_network(network, run.namespace_fds);
    if (!network.shares_host()) run.hooks.run_script(network.link, network::ScriptAction::up);
    run.turns.tell(cat("link ", which), pack(network.link));
}

void set_process_values(Run& run) {
    process::set_proc_values(run.config, run.child.pid);
    process::set_limits(run.config, run.child.pid);
}

void map_mounts(Run& run) {
    if (run.rootfs->wants_id_maps()) run.rootfs->map_ids(run.namespace_fds.fd(CLONE_NEWUSER));
}

void open_namespaces(Run& run) { run.namespace_fds.add(run.child.pid, run.namespaces); }

void set_device_rules(Run& run) { run.actors.cgroup.limit(abi::CgroupPhase::after_setup); }

void run_start_host_hooks(Run& run) {
    run.hooks.run("start-host");
    run.actors.stage_hooks.run(abi::HookStage::start_host, {}, &run.namespace_fds);
}

}  // namespace keelson::container::host
