// lxc-update-config [-c FILE]: converts a configuration from before LXC 2.1 in place. Messages and exit codes of LXC's tool.
#include <frontends/cli/legacy_config.hpp>
#include <frontends/cli/verb_table.hpp>
#include <kernel/base/file.hpp>
#include <kernel/config/turn.hpp>

#include <cstdio>

namespace keelson::cli {

namespace {

constexpr Option options[] = {{'c', "config", "FILE", "the container configuration to update"},
                              {'h', "help", nullptr, "Show this help"}};

int show_usage(const Invocation& invocation) {
    std::printf("%s -h|--help [-c|--config]\nconfig: the container configuration to update\n", invocation.program.c_str());
    return 0;
}

int run(Invocation& invocation) {
    const Options given(options, invocation.arguments);
    if (given.has("help") || !given.has("config")) return show_usage(invocation);
    const std::string path = given.value("config");
    const UniqueFd turn = config::take_turn();
    const std::string text = base::read_trusted_file(path);
    base::replace_file(path + ".backup", text, 0660);
    base::replace_file(path, convert_legacy(text), 0660);
    return 0;
}

}  // namespace

const Verb update_config_verb = {"update-config",     "[-c FILE]", "Convert a configuration from before LXC 2.1",
                                 "was not converted", options,     run,
                                 Naming::raw};

}  // namespace keelson::cli
