#include <frontends/cli/arguments.hpp>
#include <frontends/cli/verb_table.hpp>
#include <kernel/base/text.hpp>

namespace keelson::cli {

namespace {

constexpr Option options[] = {
    {'s', "state", "STATES", "States to wait for, joined by |"},
    {'t', "timeout", "SECONDS", "Wait at most so long (default: for ever)"},
};

/// Something that is no number counts as 0, as it does for LXC.
std::optional<std::chrono::milliseconds> timeout_of(const Options& given) {
    if (!given.has("timeout")) return std::nullopt;
    return patience(base::parse_signed(given.value("timeout")).value_or(0));
}

int run(Invocation& invocation) {
    if (!invocation.options.has("state")) return usage_failure(invocation, "missing state argument to wait for");
    const auto states = parse_states(invocation.options.value("state"));
    return invocation.container().wait(states, timeout_of(invocation.options)) ? 0 : 1;
}

}  // namespace

const Verb wait_verb = {
    .name = "wait",
    .synopsis = "--name=NAME --state=STATES",
    .summary = "Wait for a container to be in a state",
    .failed = "was not waited for",
    .options = options,
    .run = run,
};

}  // namespace keelson::cli
