#include <frontends/cli/verb_table.hpp>

namespace keelson::cli {

namespace {

/// One that is stopped has nothing frozen, which is what was asked for.
int run(Invocation& invocation) {
    auto container = invocation.container();
    if (container.state() != monitor::State::stopped)
        container.unfreeze();
    else if (!container.defined())
        throw Error(ENOENT, container.name(), "no such container:");
    return 0;
}

}  // namespace

const Verb unfreeze_verb = {
    .name = "unfreeze",
    .synopsis = "--name=NAME",
    .summary = "Let the processes of a container go on",
    .failed = "was not thawed",
    .options = {},
    .run = run,
};

}  // namespace keelson::cli
