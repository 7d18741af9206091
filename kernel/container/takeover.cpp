#include <kernel/base/error.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/second_try.hpp>
#include <kernel/config/global.hpp>
#include <kernel/container/link_text.hpp>
#include <kernel/container/runtime_state.hpp>
#include <kernel/container/session.hpp>
#include <kernel/container/supervisor.hpp>
#include <kernel/container/takeover.hpp>
#include <kernel/monitor/handed_over.hpp>
#include <kernel/plugins/trusted_file.hpp>
#include <kernel/process/next_program.hpp>

#include <unistd.h>

namespace keelson::container {
namespace {

void pack(base::Packer& packed, const process::Clone& process) {
    packed.number(process.pid);
    packed.fd(process.pidfd.get());
}

process::Clone unpack_process(base::Unpacker& packed) {
    process::Clone process;
    process.pid = packed.number<pid_t>();
    process.pidfd = packed.fd();
    return process;
}

/// As it was when the container started, whatever its file says by now, and whether the runtime directory is there or not.
config::Config config_in_effect(const Takeover& takeover) {
    std::optional<config::Config> config = config_in(read_runtime_state(takeover.state), takeover.name);
    if (!config) throw Error(ENOENT, takeover.name, "the configuration in effect is nowhere to be read for");
    config->set_path(takeover.config_path);
    return std::move(*config);
}

}  // namespace

UniqueFd open_small_program() {
    const std::string path = cat(config::installation_prefix(), "/lib/keelson/monitor-", KEELSON_VERSION);
    return process::read_only_clone(plugins::TrustedFiles(::geteuid()).open(path).get(), "");
}

void Takeover::pack(base::Packer& packed) const {
    for (const int fd : {small_program, init_pidfd, journal, state}) packed.fd(fd);
    for (const std::string* text : {&name, &lxcpath, &config_path, &installation_prefix}) packed.text(*text);
    packed.number(options.execute);
    packed.number(options.close_all_fds);
    packed.text(options.pid_file);
    packed.text(options.trace_file);
    packed.number(options.command.size());
    for (const std::string& word : options.command) packed.text(word);
}

Takeover Takeover::unpack(base::Unpacker& packed) {
    Takeover takeover;
    for (int* fd : {&takeover.small_program, &takeover.init_pidfd, &takeover.journal, &takeover.state})
        *fd = packed.number<int>();
    for (std::string* text : {&takeover.name, &takeover.lxcpath, &takeover.config_path, &takeover.installation_prefix})
        *text = packed.text();
    StartOptions& options = takeover.options;
    options.program_takes_over = true;
    options.execute = packed.flag();
    options.close_all_fds = packed.flag();
    options.pid_file = packed.text();
    options.trace_file = packed.text();
    for (auto left = packed.number<size_t>(); left > 0; --left) options.command.emplace_back(packed.text());
    return takeover;
}

void pack(base::Packer& packed, const Run& run) {
    run.namespace_fds.pack(packed);
    packed.fd(run.pin.get());
    packed.text(run.actors.cgroup.state());
    for (const NetworkChoice& network : run.actors.networks) packed.text(pack(network.link));
    packed.number(run.connected);
    packed.number(run.namespaces);
    packed.number(run.servers.size());
    for (const process::Clone& server : run.servers) pack(packed, server);
}

void unpack(base::Unpacker& packed, const monitor::Watched& watched, Run& run) {
    run.child = {watched.init, UniqueFd(watched.init_pidfd)};
    run.hooks.set("LXC_PID", cat(run.child.pid));
    run.devpts.reset(watched.devpts);
    run.namespace_fds = process::NamespaceSet(packed);
    run.pin = packed.fd();
    run.actors.attach_journal(&*run.journal);
    run.actors.cgroup.adopt(std::string(packed.text()), *run.journal);
    for (NetworkChoice& network : run.actors.networks) network.link = unpack_link(packed.text());
    run.connected = packed.flag();
    run.namespaces = packed.number<uint64_t>();
    for (auto left = packed.number<size_t>(); left > 0; --left) run.servers.push_back(unpack_process(packed));
    run.monitor_born = true;
}

namespace {

/// What would keep links from coming home and filesystems in use, which are the first things in it after the listener.
void close_what_holds(base::Unpacker& container) {
    const UniqueFd listener = container.fd();
    const process::NamespaceSet namespaces(container);
    const UniqueFd pin = container.fd();
}

/// What cannot be had without its plugins is not had: the small program watches on. Of a container that has ended meanwhile,
/// recovering takes back what it can.
[[noreturn]] void leave(const Takeover& takeover, const Error& error, const char* title, const std::string& packed,
                        base::Unpacker& container) {
    base::log_error(cat("the monitor cannot do more than watch: ", error.what()));
    if (!process::wait_until_gone(takeover.init_pidfd, 0)) {
        base::Packer log;
        base::pack_log(log);
        base::pass_on(log.fds(), true);
        process::go_on_as(takeover.small_program, title, packed, {});
    }
    process::reap(takeover.init_pidfd);
    ::close(takeover.journal);
    close_what_holds(container);
    Container(takeover.name, takeover.lxcpath).recover();
    ::_exit(1);
}

}  // namespace

void take_over(int argc, char** argv) try {
    const std::string packed = process::taken_over(argc, argv);
    const monitor::HandedOver parts = monitor::HandedOver::in(packed);
    base::with_second_try([&] {
        base::Unpacker log(parts.log);
        base::unpack_log(log);
    });
    base::Unpacker watch(parts.watch), ours(parts.container);
    const Takeover takeover = base::with_second_try([&] {
        ours = base::Unpacker(parts.container);
        return Takeover::unpack(ours);
    });
    base::with_second_try([&] { config::set_installation_prefix(takeover.installation_prefix); });
    std::optional<config::Config> config;
    std::optional<Facts> facts;
    std::optional<Supervisor> supervisor;
    try {
        config = config_in_effect(takeover);
        facts.emplace(takeover.name, takeover.lxcpath, process::IdMap::from(*config));
        supervisor.emplace(*facts, *config, takeover.options, UniqueFd());
        supervisor->choose_plugins();
    } catch (const std::exception& error) {
        leave(takeover, base::as_error(error), argv[0], packed, ours);
    }
    supervisor->take_over(takeover, watch, ours);
    supervisor->live();
    ::_exit(0);
} catch (const std::exception& error) {
    base::log_error(cat("the monitor ends: ", error.what()));
    ::_exit(1);
}

}  // namespace keelson::container
