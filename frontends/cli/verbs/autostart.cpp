#include <unistd.h>
#include <frontends/cli/arguments.hpp>
#include <frontends/cli/table.hpp>
#include <frontends/cli/verb_table.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/clone.hpp>

#include <algorithm>
#include <cstdio>
#include <set>

namespace keelson::cli {

namespace {

constexpr Option options[] = {
    {'r', "reboot", nullptr, "Reboot those that run"},
    {'s', "shutdown", nullptr, "Stop them cleanly; kill those that do not stop in time"},
    {'k', "kill", nullptr, "Kill them"},
    {'L', "list", nullptr, "Only print which"},
    {'a', "all", nullptr, "Of all groups"},
    {'A', "ignore-auto", nullptr, "Those without lxc.start.auto too"},
    {'g', "groups", "LIST", "Of these groups, joined by commas; an empty one: without a group"},
    {'t', "timeout", "SECONDS", "With -s, wait so long (default: 60, -1: for ever)"},
};

enum class Action { start, reboot, kill, shutdown };

struct Candidate {
    std::string name;
    int64_t order;
    uint64_t delay;
    std::vector<std::string> groups;
};

Action action_of(const Options& given) {
    if (given.has("shutdown")) return Action::shutdown;
    if (given.has("kill")) return Action::kill;
    return given.has("reboot") ? Action::reboot : Action::start;
}

std::optional<Candidate> read(const std::string& name, const Invocation& invocation) try {
    container::Container container(name, invocation.lxcpath);
    const config::Config& config = container.config();
    if (!invocation.options.has("ignore-auto") && config.number("lxc.start.auto") != 1) return std::nullopt;
    Candidate candidate{name, config.integer("lxc.start.order"), config.number("lxc.start.delay"), {}};
    for (const auto& line : config.list("lxc.group"))
        for (const auto word : base::words(line)) candidate.groups.emplace_back(word);
    return candidate;
} catch (const Error& error) {
    complain(invocation, cat(name, " is left out: ", error.what()));
    return std::nullopt;
}

std::vector<Candidate> candidates(const Invocation& invocation, Action action) {
    std::vector<Candidate> all;
    for (const auto& name : container::defined_containers(invocation.lxcpath))
        if (auto candidate = read(name, invocation)) all.push_back(std::move(*candidate));
    std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) { return a.order < b.order; });
    if (action == Action::shutdown || action == Action::kill) std::reverse(all.begin(), all.end());
    return all;
}

bool is_of(const Candidate& candidate, const std::string& group) {
    if (group.empty()) return candidate.groups.empty();
    return std::find(candidate.groups.begin(), candidate.groups.end(), group) != candidate.groups.end();
}

/// Group by group, each container once.
std::vector<Candidate> in_groups(const std::vector<Candidate>& all, const Options& given) {
    if (given.has("all")) return all;
    std::vector<std::string> groups;
    for (const auto& list : given.all("groups"))
        for (const auto group : base::split(list, ',')) groups.emplace_back(base::trim(group));
    if (groups.empty()) groups.emplace_back();
    std::vector<Candidate> chosen;
    std::set<std::string> seen;
    for (const auto& group : groups)
        for (const auto& candidate : all)
            if (is_of(candidate, group) && seen.insert(candidate.name).second) chosen.push_back(candidate);
    return chosen;
}

void tell(const Invocation& invocation, const std::string& name, const Error& error) {
    const std::string hint = error.hint().empty() ? std::string() : cat(" (", error.hint(), ")");
    complain(invocation, cat(name, ": ", error.what(), hint));
}

/// Starts it and ends: a start may change the namespaces of who asks for it (an ordinary user's, lxc.monitor.unshare).
[[noreturn]] void start_and_end(const Invocation& invocation, container::Container& container) {
    int status = 0;
    try {
        Invocation of_one = invocation;
        of_one.name = container.name();
        log_as_configured(of_one, container.config());
        container.start({.program_takes_over = true});
    } catch (const Error& error) {
        tell(invocation, container.name(), error);
        status = 1;
    }
    std::fflush(nullptr);
    ::_exit(status);
}

/// False when it failed, which the process that did it has told.
bool start(const Invocation& invocation, container::Container& container) {
    std::fflush(nullptr);
    const process::Clone child = process::clone_process({});
    if (child.pid == 0) start_and_end(invocation, container);
    return process::reap(child.pidfd.get()) == 0;
}

bool act(const Invocation& invocation, container::Container& container, Action action,
         std::optional<std::chrono::seconds> timeout) {
    switch (action) {
        case Action::start:
            return start(invocation, container);
        case Action::reboot:
            container.reboot(std::chrono::seconds(0));
            break;
        case Action::kill:
            container.kill();
            break;
        case Action::shutdown:
            container.stop(timeout);
            break;
    }
    return true;
}

bool pauses(Action action) { return action == Action::start || action == Action::reboot; }

void list(const Candidate& candidate, Action action) {
    show(pauses(action) ? cat(candidate.name, " ", candidate.delay, "\n") : candidate.name + "\n");
}

struct Tally {
    unsigned done = 0, failed = 0;
    int status() const {
        if (failed == 0) return 0;
        return done == 0 ? 1 : 2;
    }
};

void handle(const Candidate& candidate, const Invocation& invocation, Action action,
            std::optional<std::chrono::seconds> timeout, Tally& tally) try {
    container::Container container(candidate.name, invocation.lxcpath);
    const bool runs = container.state() != monitor::State::stopped;
    if (runs == (action == Action::start)) return;
    if (invocation.options.has("list")) return list(candidate, action);
    const bool succeeded = act(invocation, container, action, timeout);
    ++(succeeded ? tally.done : tally.failed);
    if (succeeded && pauses(action)) ::sleep(static_cast<unsigned>(candidate.delay));
} catch (const Error& error) {
    ++tally.failed;
    tell(invocation, candidate.name, error);
}

int run(Invocation& invocation) {
    const Options& given = invocation.options;
    constexpr int64_t default_timeout = 60;
    const int64_t seconds = given.has("timeout") ? parse_integer("timeout", given.value("timeout")) : default_timeout;
    const auto timeout = patience(seconds);
    if (!may_use_path(invocation)) return 1;
    if (given.has("all") && given.has("groups")) complain(invocation, "-a stands for every group: -g is not looked at");
    const Action action = action_of(given);
    Tally tally;
    for (const auto& candidate : in_groups(candidates(invocation, action), given))
        handle(candidate, invocation, action, timeout, tally);
    return tally.status();
}

}  // namespace

const Verb autostart_verb = {
    .name = "autostart",
    .synopsis = "[-k] [-L] [-r] [-s] [-a] [-A] [-g GROUPS] [-t SECONDS]",
    .summary = "Start, stop or list the containers that are marked for it",
    .failed = "did not work",
    .options = options,
    .run = run,
    .naming = Naming::none,
    .enters = true,
};

}  // namespace keelson::cli
