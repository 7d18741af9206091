#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/environment.hpp>
#include <kernel/container/inside_steps.hpp>
#include <kernel/container/link_text.hpp>
#include <kernel/filesystem/mount_entry.hpp>
#include <kernel/process/credentials.hpp>
#include <kernel/process/settings.hpp>
#include <kernel/process/small_init.hpp>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace keelson::container::inside {
namespace {

void unblock_signals() {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// A monitor that died before the death signal was set would leave us behind. Its end of the channel tells, and not getppid(2),
/// which is 0 in a pid namespace of our own whether it lives or not.
void die_with_monitor(const Run& run) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (run.turns.abandoned()) ::_exit(1);
}

/// In a user namespace of its own, or one that it shares, all else is done as that one's root.
void become_root(const Run& run) {
    const bool shares = (process::flags_of(run.shared) & CLONE_NEWUSER) != 0;
    if (!shares && !run.has(CLONE_NEWUSER)) return;
    const process::IdMap& map = run.facts.idmap();
    const bool has_root = shares || (map.host(abi::IdKind::user, 0) && map.host(abi::IdKind::group, 0));
    process::become_namespace_root(has_root ? 0 : static_cast<uint32_t>(run.config.number("lxc.init.uid")),
                                   has_root ? 0 : static_cast<uint32_t>(run.config.number("lxc.init.gid")));
    // Other ids make it 0, and the monitor of an ordinary user could not open our namespaces.
    if (run.facts.raw().ordinary_user != 0) ::prctl(PR_SET_DUMPABLE, 1);
    die_with_monitor(run);
}

/// Not that of the host, or of another container.
void set_host_name(const Run& run) {
    if (run.has(CLONE_NEWUTS)) return process::set_host_name(run.config);
    if (run.config.is_set("lxc.uts.name"))
        base::log_warn("lxc.uts.name has no effect: the container has no host name of its own");
}

std::vector<std::string> name_servers(const Run& run) {
    std::vector<std::string> servers;
    for (const NetworkChoice& network : run.actors.networks) {
        servers.insert(servers.end(), network.link.resolvers.begin(), network.link.resolvers.end());
    }
    return servers;
}

/// What lxc.mount.auto asks of the cgroup driver.
abi::CgroupMountRequest cgroup_request(const Run& run, const filesystem::AutoMounts::Cgroup& wanted) {
    using Mode = filesystem::AutoMounts::Cgroup::Mode;
    abi::CgroupMountRequest request{};
    request.size = sizeof request;
    request.can_mount = process::keeps_capability(run.config, CAP_SYS_ADMIN);
    request.read_only = wanted.mode == Mode::read_only;
    request.mixed = wanted.mode == Mode::mixed || (wanted.mode == Mode::none && request.can_mount == 0);
    request.full = wanted.full;
    request.force = wanted.force;
    request.own_namespace = run.has(CLONE_NEWCGROUP);
    return request;
}

/// What `cgroup` means, only the driver of the layout knows; `cgroup2` is one filesystem on every layout.
std::vector<filesystem::CgroupMountPlan> cgroup_mounts(const Run& run, const filesystem::AutoMounts::Cgroup& wanted) {
    if (!wanted.unified) return run.actors.cgroup.mounts(cgroup_request(run, wanted));
    if (!run.has(CLONE_NEWCGROUP)) {
        throw Error(ENOTSUP, "cgroup2", "without a cgroup namespace lxc.mount.auto cannot mount",
                    "leave it out, or let the container have a cgroup namespace");
    }
    return {{"cgroup2", "", "sys/fs/cgroup", "", wanted.mode == filesystem::AutoMounts::Cgroup::Mode::read_only}};
}

/// lxc.init.cwd; a way that leads out of the root through a leaked descriptor is refused (CVE-2024-21626).
void enter_working_directory(const config::Config& config) {
    const std::string configured = config.get("lxc.init.cwd");
    const std::string path = configured.empty() ? std::string("/") : configured;
    if (::chdir(path.c_str()) != 0 && errno == ENOENT) base::make_directories(path, 0755);
    if (::chdir(path.c_str()) != 0) throw Error::last("enter", path, "check lxc.init.cwd");
    char cwd[PATH_MAX];
    if (::getcwd(cwd, sizeof cwd) == nullptr || cwd[0] != '/')
        throw Error(EACCES, path, "lxc.init.cwd leads out of the container");
}

int console_peer(const Run& run) {
    if (run.container_console.peer) return run.container_console.peer.get();
    const console::Pty* host = run.console.host_console();
    return host != nullptr ? host->peer.get() : -1;
}

/// Background: everything is the console, or /dev/null without one. Foreground and execute: only what is a terminal is
/// replaced.
void set_standard_descriptors(const Run& run) {
    const int peer = console_peer(run);
    const UniqueFd null = peer < 0 ? base::open_file("/dev/null", O_RDWR) : UniqueFd();
    const int to = peer >= 0 ? peer : null.get();
    for (const int fd : {0, 1, 2}) {
        const bool replace = run.options.daemonize || (peer >= 0 && (!run.options.execute || ::isatty(fd) != 0));
        if (replace && ::dup2(to, fd) < 0) throw Error::last("set up standard descriptor", cat(fd));
    }
    if (peer >= 0) ::ioctl(0, TIOCSCTTY, 0);
}

std::string names_of_ttys(const Run& run) {
    std::string names;
    for (const console::Pty& tty : run.container_ttys) names += cat(names.empty() ? "" : " ", "pts/", tty.number);
    return names;
}

std::vector<gid_t> init_groups(const config::Config& config) {
    std::vector<gid_t> groups;
    for (const std::string& line : config.list("lxc.init.groups")) {
        for (const std::string_view part : base::split(line, ','))
            groups.push_back(static_cast<gid_t>(base::parse_unsigned(base::trim(part)).value_or(0)));
    }
    return groups;
}

/// Descriptors that the caller left open belong to it, not to the container, unless systemd passed them (sd_listen_fds(3)).
void close_inherited(const Run& run) {
    if (!run.options.daemonize && !run.options.close_all_fds) return;
    const char* listen = ::getenv("LISTEN_FDS");
    const auto kept = listen != nullptr ? base::parse_unsigned(listen).value_or(0) : 0;
    ::close_range(3 + static_cast<unsigned>(kept), ~0U, CLOSE_RANGE_CLOEXEC);
}

[[noreturn]] void become(const std::vector<std::string>& command) {
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    const int cause = errno;
    const std::string hint =
        cause == ENOENT
            ? "the file, or the interpreter or loader that it asks for, is not in the rootfs; name another with lxc.init.cmd"
        : cause == EACCES  ? "it must be executable for the container's user, and so must every directory above it be"
        : cause == ENOEXEC ? "it is not a program of this machine's architecture"
                           : "";
    throw Error(cause, command.front(), "execute init", hint);
}

/// Under the small init the start has succeeded already: who watches sees the message, and 255 as lxc-execute has it.
[[noreturn]] void become_or_end(const std::vector<std::string>& command) {
    try {
        become(command);
    } catch (const Error& error) {
        const std::string text = cat("keelson: ", error.what(), "\n");
        [[maybe_unused]] const ssize_t written = ::write(2, text.data(), text.size());
    }
    ::_exit(255);
}

}  // namespace

void begin(Run& run) {
    unblock_signals();
    die_with_monitor(run);
    // The one for good is the container's root's, which may have used up its keys (keyrings(7)). This one is left then, and not
    // the caller's.
    process::join_session_keyring(run.config);
    if (!run.has(CLONE_NEWNET)) return;
    if (::unshare(CLONE_NEWNET) != 0)
        throw Error::last("make a network namespace", "", errno == ENOSPC ? "see /proc/sys/user/max_net_namespaces" : "");
    const UniqueFd made = base::open_file("/proc/self/ns/net", O_RDONLY);
    run.turns.hand_over(network_namespace, {made.get()});
}

void enter_cgroups(Run& run) {
    if (run.actors.cgroup.available()) CgroupEntry{{}, run.turns.wait_for(way_into_cgroups)}.enter_v1();
    process::enter_shared_cgroup(run.shared);
}

void enter(Run& run) {
    // As host root still, who alone may pass the directories above lxc.rootfs.mount, and to whom /proc/self belongs.
    run.rootfs->enter_mount_namespace();
    if (run.has(CLONE_NEWTIME)) process::enter_time_namespace(run.config);
    become_root(run);
    if (run.has(CLONE_NEWCGROUP) && ::unshare(CLONE_NEWCGROUP) != 0) throw Error::last("make a cgroup namespace", "");
    for (size_t i = 0; i < run.actors.networks.size(); ++i) {
        run.actors.networks[i].link = unpack_link(run.turns.told(cat("link ", i)));
    }
    ::umask(022);
    run.hooks.add_inside_environment();
}

void run_pre_mount_hooks(Run& run) {
    run.hooks.run("pre-mount");
    run.actors.stage_hooks.run(abi::HookStage::pre_mount, run.rootfs->mount_point());
}

void mount_rootfs(Run& run) { run.rootfs->attach_rootfs(); }

void set_identity(Run& run) {
    set_host_name(run);
    // The host's procfs still: nothing of the container's is mounted yet.
    const UniqueFd proc = base::open_file("/proc", O_PATH | O_DIRECTORY);
    run.actors.confinement.with_labelled_keys(proc.get(), [&] { process::join_session_keyring(run.config); });
}

void configure_network(Run& run) {
    if (!run.has(CLONE_NEWNET)) return;
    std::vector<network::HandedLink> links;
    for (const NetworkChoice& network : run.actors.networks) links.push_back(network.link);
    network::configure(run.config, links, run.gateways);
}

void mount_all(Run& run) {
    run.rootfs->mount_dev();
    // Taken off again, it makes the kernel wait until nobody looks at it any more.
    if (!run.config.family("lxc.sysctl.").empty() || run.actors.confinement.writes_labels())
        run.private_proc = filesystem::RootfsSetup::private_proc();
    run.rootfs->mount_auto();
    run.rootfs->mount_entries();
    if (const filesystem::AutoMounts::Cgroup wanted = filesystem::parse_auto(run.config).cgroup; wanted.wanted) {
        run.rootfs->mount_cgroups(cgroup_mounts(run, wanted));
    }
    if (const std::vector<std::string> servers = name_servers(run); !servers.empty()) run.rootfs->write_resolver(servers);
}

void run_mount_hooks(Run& run) {
    run.hooks.run("mount");
    run.actors.stage_hooks.run(abi::HookStage::mount, run.rootfs->mount_point());
}

void check_rootfs(Run& run) { run.rootfs->check_rootfs(); }

void run_autodev_hooks(Run& run) {
    if (!run.config.flag("lxc.autodev")) return;
    run.hooks.run("autodev");
    run.actors.stage_hooks.run(abi::HookStage::autodev, run.rootfs->mount_point());
}

void make_devices(Run& run) {
    if (run.config.flag("lxc.autodev")) run.rootfs->make_device_nodes();
    const UniqueFd devpts = run.rootfs->mount_devpts();
    if (devpts) run.turns.hand_over("devpts", {devpts.get()});

    const std::string directory = run.config.is_set("lxc.tty.dir") ? run.config.get("lxc.tty.dir") + "/" : "";
    std::vector<filesystem::TerminalNode> terminals;
    if (devpts && run.console.console_from_container()) {
        run.container_console = console::open_pty(devpts.get());
        run.turns.hand_over("console", {run.container_console.master.get()});
    }
    if (const int peer = console_peer(run); peer >= 0) terminals.push_back({peer, directory + "console"});
    if (!run.options.execute) {
        std::vector<int> masters;
        for (unsigned i = 0; devpts && run.console.ttys_from_container() && i < run.console.tty_count(); ++i) {
            run.container_ttys.push_back(console::open_pty(devpts.get()));
            masters.push_back(run.container_ttys.back().master.get());
        }
        if (!masters.empty()) run.turns.hand_over("ttys", masters);
        const std::vector<console::Pty>& ttys = masters.empty() ? run.console.host_ttys() : run.container_ttys;
        for (size_t i = 0; i < ttys.size(); ++i) terminals.push_back({ttys[i].peer.get(), cat(directory, "tty", i + 1)});
    }
    run.rootfs->bind_terminals(terminals);
    run.rootfs->make_dev_links();
}

void pivot(Run& run) {
    run.rootfs->pivot();
    run.rootfs->mask_boot_id();
}

void apply_settings(Run& run) {
    process::set_personality(run.config);
    process::set_sysctls(run.config, run.private_proc.get());
    process::drop_capabilities(run.config);
}

void confine(Run& run) {
    run.actors.confinement.apply(run.private_proc.get(), [&](const ModuleChoice& module, const UniqueFd& listener) {
        run.turns.hand_over(listener_of(module), {listener.get()});
    });
    run.private_proc.reset();
}

void run_start_hooks(Run& run) {
    // From here on programs of the container run beside us.
    process::withhold_from_namespace_root();
    run.hooks.run("start");
    run.actors.stage_hooks.run(abi::HookStage::start, "/");
}

void become_session(Run& run) {
    if (::setsid() < 0 && errno != EPERM) throw Error::last("setsid", "");
    set_standard_descriptors(run);
    enter_working_directory(run.config);
}

void execute(Run& run) {
    const auto uid = static_cast<uint32_t>(run.config.number("lxc.init.uid"));
    const auto gid = static_cast<uint32_t>(run.config.number("lxc.init.gid"));
    set_init_environment(run.config, names_of_ttys(run));
    close_inherited(run);
    process::take_ids(uid, gid, init_groups(run.config));
    ::prctl(PR_SET_PDEATHSIG, run.config.number("lxc.monitor.signal.pdeath"));
    run.turns.about_to_exec(run.trace.pack());
    if (!run.options.execute) become(run.command);
    run.turns.close();
    process::run_as_small_init([&] { become_or_end(run.command); });
}

}  // namespace keelson::container::inside
