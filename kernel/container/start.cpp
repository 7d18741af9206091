#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/container/container.hpp>
#include <kernel/container/partial.hpp>
#include <kernel/container/supervisor.hpp>
#include <kernel/process/clone.hpp>

namespace keelson::container {
namespace {

UniqueFd take_command_socket(const Container& container) {
    try {
        return monitor::CommandServer::listen(container.lxcpath(), container.name());
    } catch (Error& error) {
        if (error.code() != EADDRINUSE) throw;
        throw Error(EBUSY, container.name(), "the container is running already, or being destroyed");
    }
}

/// Without a configuration the container would be the host, with /sbin/init on top.
void refuse_empty(Container& container, const StartOptions& options) {
    config::Config& config = container.config();
    if (config.entries().empty()) {
        throw Error(ENOENT, container.config_path(), "the container has no configuration",
                    cat("make it with keelson create ", container.name(), " -t busybox, or give a file with -f"));
    }
    const bool own_init = !options.command.empty() || config.is_set("lxc.init.cmd") || config.is_set("lxc.execute.cmd");
    if (!config.is_set("lxc.rootfs.path") && !own_init) {
        throw Error(EINVAL, container.name(), "no rootfs is configured: /sbin/init of the host would run in the container",
                    "set lxc.rootfs.path, or name a command");
    }
}

}  // namespace

int Container::start(const StartOptions& options) {
    refuse_partial(*this);
    refuse_empty(*this, options);
    UniqueFd listener = take_command_socket(*this);
    settle();
    const Facts facts(name_, lxcpath_, process::IdMap::from(config()));
    Supervisor supervisor(facts, config(), options, std::move(listener));
    return process::shell_status(supervisor.run());
}

std::string Container::plan() {
    const Facts facts(name_, lxcpath_, process::IdMap::from(config()));
    const StartOptions options;
    return Run(facts, config(), options).lifecycle.plan();
}

}  // namespace keelson::container
