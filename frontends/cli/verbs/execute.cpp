#include <frontends/cli/arguments.hpp>
#include <frontends/cli/verb_table.hpp>

namespace keelson::cli {

namespace {

constexpr Option own_options[] = {
    {'d', "daemon", nullptr, "Run in the background"},
    {'f', "rcfile", "FILE", "Use FILE instead of the container's configuration"},
    {'s', "define", "KEY=VALUE", "Set a configuration item for this run"},
    {'u', "uid", "UID", "Run the command as this user"},
    {'g', "gid", "GID", "Run the command as this group"},
    {0, "trace", "FILE", "Write how long each step took, as a Chrome trace", true},
};
constexpr auto options = joined(own_options, share_options);

void apply(const Options& given, config::Config& config) {
    apply_shares(given, config);
    apply_definitions(given, config);
    if (given.has("uid")) config.override("lxc.init.uid", std::to_string(parse_id("uid", given.value("uid"))));
    if (given.has("gid")) config.override("lxc.init.gid", std::to_string(parse_id("gid", given.value("gid"))));
}

int run(Invocation& invocation) {
    auto container = invocation.container();
    if (!container.defined() && !invocation.options.has("rcfile"))
        throw Error(ENOENT, container.config_path(), "no container config",
                    "without one the command would run on the host's root");
    apply(invocation.options, container.config());
    const bool configured = container.config().is_set("lxc.execute.cmd") || container.config().is_set("lxc.init.cmd");
    if (invocation.words().empty() && !configured) return usage_failure(invocation, "missing command");
    log_as_configured(invocation, container.config());
    container::StartOptions start;
    start.program_takes_over = true;
    start.execute = true;
    start.daemonize = invocation.options.has("daemon");
    start.command = invocation.words();
    start.trace_file = absolute(invocation.options.value("trace"));
    return container.start(start);
}

}  // namespace

const Verb execute_verb = {
    .name = "execute",
    .synopsis = "--name=NAME -- COMMAND",
    .summary = "Run one program in a container",
    .failed = "did not run it",
    .options = options,
    .run = run,
    .enters = true,
};

}  // namespace keelson::cli
