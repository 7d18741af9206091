#include <kernel/base/file.hpp>
#include <kernel/container/run.hpp>

namespace keelson::container {
namespace {

/// Arguments win; then lxc.execute.cmd for execute, lxc.init.cmd, /sbin/init. A line of blanks names no program.
std::vector<std::string> choose_command(const config::Config& config, const StartOptions& options) {
    if (!options.command.empty()) return options.command;
    const auto words_of = [&](const char* key) { return process::split_command(config.get(key)); };
    if (options.execute)
        if (std::vector<std::string> words = words_of("lxc.execute.cmd"); !words.empty()) return words;
    if (std::vector<std::string> words = words_of("lxc.init.cmd"); !words.empty()) return words;
    if (options.execute) throw Error(EINVAL, "", "no command to execute", "give one after --, or set lxc.execute.cmd");
    return {"/sbin/init"};
}

}  // namespace

Run::Run(const Facts& its_facts, config::Config& its_config, const StartOptions& its_options)
    : facts(its_facts),
      config(its_config),
      options(its_options),
      command(choose_command(config, options)),
      of_caller(options.daemonize ? base::inheritable_fds() : std::vector<int>()),
      actors(facts, config),
      hooks(facts, config),
      console(config) {
    if (!options.trace_file.empty()) trace.turn_on();
    fill_start_table(*this);
}

}  // namespace keelson::container
