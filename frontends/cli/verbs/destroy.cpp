#include <frontends/cli/verb_table.hpp>

namespace keelson::cli {

namespace {

constexpr Option options[] = {
    {'s', "snapshots", nullptr, "Its snapshots too"},
    {'f', "force", nullptr, "Kill it first if it runs"},
};

int run(Invocation& invocation) {
    const Options& given = invocation.options;
    auto container = invocation.container();
    const bool runs = container.state() != monitor::State::stopped;
    if (!container.defined() && !container.partial() && !runs)
        throw Error(ENOENT, container.name(), "no such container:", "'keelson ls' lists them");
    if (runs && !given.has("force")) throw Error(EBUSY, container.name(), "running:", "stop it first, or use -f");
    container.destroy(given.has("force"), given.has("snapshots"));
    return 0;
}

}  // namespace

const Verb destroy_verb = {
    .name = "destroy",
    .synopsis = "--name=NAME [-f]",
    .summary = "Delete a container",
    .failed = "was not destroyed",
    .options = options,
    .run = run,
};

}  // namespace keelson::cli
