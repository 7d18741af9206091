#include <frontends/cli/verb_table.hpp>

#include <cstdio>

namespace keelson::cli {

namespace {

int run(Invocation& invocation) {
    const auto& words = invocation.words();
    if (words.empty()) return usage_failure(invocation, "missing state object");
    auto container = invocation.container();
    if (container.state() == monitor::State::stopped)
        return usage_failure(invocation, cat("'", container.lxcpath(), ":", container.name(), "' is not running"));
    if (words.size() > 1) {
        container.cgroup_set(words[0], words[1]);
        return 0;
    }
    const std::string value = container.cgroup_get(words[0]);
    std::fwrite(value.data(), 1, value.size(), stdout);
    std::fputc('\n', stdout);
    return 0;
}

}  // namespace

const Verb cgroup_verb = {
    .name = "cgroup",
    .synopsis = "--name=NAME OBJECT [VALUE]",
    .summary = "Read or set a value of a container's cgroup",
    .failed = "has no such value",
    .options = {},
    .run = run,
};

}  // namespace keelson::cli
