#include <frontends/cli/verb_table.hpp>

namespace keelson::cli {

namespace {

int run(Invocation& invocation) {
    auto container = invocation.container();
    if (container.state() == monitor::State::stopped)
        throw Error(ESRCH, container.name(), "not running:", "only a running container can be frozen");
    container.freeze();
    return 0;
}

}  // namespace

const Verb freeze_verb = {
    .name = "freeze",
    .synopsis = "--name=NAME",
    .summary = "Halt all processes of a container",
    .failed = "was not frozen",
    .options = {},
    .run = run,
};

}  // namespace keelson::cli
