#include <frontends/cli/arguments.hpp>
#include <frontends/cli/verb_table.hpp>

#include <cstdio>

namespace keelson::cli {

namespace {

constexpr Option own_options[] = {
    {'d', "daemon", nullptr, "Run in the background (default)"},
    {'F', "foreground", nullptr, "Stay, with this terminal as the container's console"},
    {'f', "rcfile", "FILE", "Use FILE instead of the container's configuration"},
    {'s', "define", "KEY=VALUE", "Set a configuration item for this start"},
    {'c', "console", "PATH", "File or device that is the other end of the console"},
    {'L', "console-log", "FILE", "Append what the console prints to FILE"},
    {'C', "close-all-fds", nullptr, "Close file descriptors that were inherited"},
    {'p', "pidfile", "FILE", "Write the pid of the monitor to FILE"},
    {0, "plan", nullptr, "Print the stages and who acts in them; start nothing", true},
    {0, "trace", "FILE", "Write how long each step took, as a Chrome trace", true},
};
constexpr auto options = joined(own_options, share_options);

void apply(const Options& given, config::Config& config) {
    if (given.has("console")) config.override("lxc.console.path", absolute(given.value("console")));
    if (given.has("console-log")) config.override("lxc.console.logfile", absolute(given.value("console-log")));
    apply_shares(given, config);
    apply_definitions(given, config);
}

container::StartOptions start_options(const Invocation& invocation) {
    const Options& given = invocation.options;
    container::StartOptions start;
    start.program_takes_over = true;
    start.daemonize = !given.has("foreground");
    start.command = invocation.words();
    start.pid_file = absolute(given.value("pidfile"));
    start.close_all_fds = given.has("close-all-fds");
    start.trace_file = absolute(given.value("trace"));
    return start;
}

int run(Invocation& invocation) {
    if (!may_use_path(invocation)) return 1;
    auto container = invocation.container();
    if (!container.defined() && !invocation.options.has("rcfile"))
        throw Error(ENOENT, container.config_path(), "no container config",
                    cat("'keelson create ", container.name(), " -t busybox' makes one"));
    apply(invocation.options, container.config());
    if (invocation.options.has("plan")) {
        const std::string plan = container.plan();
        std::fwrite(plan.data(), 1, plan.size(), stdout);
        return 0;
    }
    if (container.state() != monitor::State::stopped) {
        complain(invocation, cat(container.name(), " is already running"));
        return 0;
    }
    log_as_configured(invocation, container.config());
    container.start(start_options(invocation));
    return 0;  // in the foreground too, whatever init's status
}

}  // namespace

const Verb start_verb = {
    .name = "start",
    .synopsis = "--name=NAME [-- COMMAND]",
    .summary = "Start a container",
    .failed = "did not start",
    .options = options,
    .run = run,
    .enters = true,
};

}  // namespace keelson::cli
