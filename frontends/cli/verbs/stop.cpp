#include <frontends/cli/arguments.hpp>
#include <frontends/cli/verb_table.hpp>

namespace keelson::cli {

namespace {

constexpr int64_t for_ever = -1, not_given = -2;

constexpr Option options[] = {
    {'r', "reboot", nullptr, "Reboot the container"},
    {'W', "nowait", nullptr, "Do not wait for the end"},
    {'t', "timeout", "SECONDS", "Wait so long for a clean end (default: 60, -1: for ever)"},
    {'k', "kill", nullptr, "Kill at once"},
    {0, "nokill", nullptr, "Do not kill when the time is over"},
    {0, "nolock", nullptr, "Avoid locks"},
};

struct Request {
    bool reboot, kill, nokill;
    int64_t timeout;
    std::optional<std::chrono::seconds> wait() const { return patience(timeout); }
};

Request read(const Options& given) {
    constexpr int64_t default_timeout = 60;
    int64_t timeout = given.has("timeout") ? parse_integer("timeout", given.value("timeout")) : not_given;
    if (timeout < not_given) throw UsageError("--timeout: seconds, or -1 to wait for ever");
    if (given.has("nowait")) timeout = 0;
    const bool kill = given.has("kill");
    if (kill && given.has("reboot")) throw UsageError("-k can't be used with -r");
    if (kill && given.has("nokill")) throw UsageError("-k can't be used with --nokill");
    if (kill && timeout > 0) throw UsageError("-k can't be used with a timeout");
    if (kill && timeout == for_ever) throw UsageError("-k can't be used with a timeout");
    if (given.has("nolock") && !kill) throw UsageError("--nolock only works with -k");
    return {given.has("reboot"), kill, given.has("nokill"), timeout == not_given ? default_timeout : timeout};
}

int stop(container::Container& container, const Request& request) {
    if (request.kill) return container.kill(), 0;
    if (request.reboot) {
        if (container.reboot(request.wait()) || request.timeout == 0) return 0;
        throw Error(ETIMEDOUT, container.name(), "wait for the reboot of");
    }
    if (!request.nokill) return container.stop(request.wait()), 0;
    if (container.shutdown(request.wait())) return 0;
    throw Error(ETIMEDOUT, container.name(), "wait for the end of",
                "its init does not react to lxc.signal.halt; without --nokill it is killed when the time is over");
}

int run(Invocation& invocation) {
    const Request request = read(invocation.options);
    auto container = invocation.container();
    if (container.state() == monitor::State::stopped) {
        complain(invocation, cat(container.name(), " is not running"));
        return 2;
    }
    return stop(container, request);
}

}  // namespace

const Verb stop_verb = {
    .name = "stop",
    .synopsis = "--name=NAME",
    .summary = "Stop a container",
    .failed = "did not stop",
    .options = options,
    .run = run,
};

}  // namespace keelson::cli
