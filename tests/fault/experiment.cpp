#include "experiment.hpp"

#include "profile.hpp"

#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

namespace keelson::fault {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::chrono::seconds deadline{25};
constexpr milliseconds patience{40000};  // as a link's end can take in a guest where much else runs

const std::map<std::string, std::vector<std::string>> network_lines{
    {"none", {}},
    {"empty", {}},
    {"veth", {"lxc.net.0.link = kltbr0", "lxc.net.0.flags = up", "lxc.net.0.ipv4.address = 192.0.2.2/24"}},
    {"macvlan", {"lxc.net.0.link = kltbr0", "lxc.net.0.flags = up", "lxc.net.0.hwaddr = 02:00:00:00:00:07"}},
    {"phys", {"lxc.net.0.link = kltp0", "lxc.net.0.flags = up", "lxc.net.0.ipv4.address = 192.0.2.3/24"}},
    {"nat", {}},
};

// Makes the root of a container that needs but one program.
constexpr const char* template_script =
    "#!/bin/sh\n"
    "for word; do case $word in --rootfs=*) root=${word#*=} ;; esac; done\n"
    "cd \"$root\" && mkdir -p bin dev etc proc run sys tmp && cp /bin/busybox bin/sh && ln -f bin/sh bin/cat && ln -f bin/sh "
    "bin/sleep &&\n"
    "chmod 1777 tmp && chown 7:8 tmp && echo name >etc/hostname && : >etc/resolv.conf\n";

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Device nodes are bound where they cannot be made; a rootfs that forbids name servers does without.
bool may_differ(const std::string& line) {
    for (const char* path :
         {" /dev/full ", " /dev/null ", " /dev/zero ", " /dev/random ", " /dev/urandom ", " /dev/tty ", " /etc/resolv.conf "})
        if (line.find(path) != line.npos) return true;
    return false;
}

void moment() { std::this_thread::sleep_for(milliseconds(50)); }

/// A child of who died may be at work still, which is told as such.
bool succeeds_soon(const Command& command) {
    Ran ran = run(command);
    for (int tries = 0; tries < 60 && ran.output.find("Device or resource busy") != ran.output.npos; ++tries) {
        moment();
        ran = run(command);
    }
    return ran.status == 0;
}

/// Only its words went astray.
bool could_not_say_so(const Outcome& outcome) {
    return outcome.output.find("cannot write to standard output") != outcome.output.npos;
}

/// Whether a failed command says what is wrong, in words of ours.
bool says_why(const std::string& output) { return output.find("keelson") != output.npos; }

}  // namespace

const std::vector<std::string>& Experiment::operations() {
    static const std::vector<std::string> all{"start",  "life",   "stop",    "freeze", "unfreeze",
                                              "attach", "create", "destroy", "copy"};
    return all;
}

Experiment::Experiment(const World& world, Kind kind, std::string operation, Calls calls)
    : world_(world),
      kind_(std::move(kind)),
      operation_(std::move(operation)),
      calls_(calls),
      name_(world.name()),
      copy_(world.name() + "-copy") {
    write_config();
    nothing_ = world_.look();
    make_container();
    stopped_ = world_.look();
}

Experiment::~Experiment() = default;

/// Its first process is then the container's.
bool Experiment::lives() const { return wants_running() || operation_ == "start" || operation_ == "life"; }

bool Experiment::wants_running() const {
    return operation_ == "stop" || operation_ == "freeze" || operation_ == "unfreeze" || operation_ == "attach";
}

void Experiment::write_config() {
    std::ofstream script(world_.work() + "/template");
    script << template_script;
    script.close();
    fs::permissions(world_.work() + "/template", fs::perms(0755));
    std::ofstream config(world_.work() + "/config");
    config << "lxc.net.0.type = " << kind_.network << "\n";
    for (const std::string& line : network_lines.at(kind_.network)) config << line << "\n";
    config << "lxc.init.cmd = /bin/sleep 100000\nlxc.uts.name = klt\nlxc.tty.max = 1\nlxc.pty.max = 8\nlxc.mount.auto = proc "
              "sys\n";
    for (const std::string& line : world_.lines_of_owner()) config << line << "\n";
    for (const std::string& line : kind_.lines) config << line << "\n";
}

void Experiment::make_container() {
    const Ran ran = run(create_command());
    if (ran.status != 0) throw Error(0, name_, cat("cannot be created: ", ran.output, ":"));
    tree_ = look_at_tree(world_.lxcpath() + "/" + name_);
}

Command Experiment::create_command() const {
    std::vector<std::string> more{"-t", world_.work() + "/template", "-B", kind_.storage, "-f", world_.work() + "/config"};
    if (kind_.storage == "loop") more.insert(more.end(), {"--fssize", "16M"});
    return world_.command("create", name_, more);
}

Command Experiment::operation_command() const {
    if (operation_ == "life") return world_.command("start", name_, {"-F", "--", "/bin/sleep", "0"});
    if (operation_ == "stop") return world_.command("stop", name_, {"-k"});
    if (operation_ == "attach")
        return world_.command("attach", name_,
                              {"--", "/bin/cat", "/proc/self/status", "/proc/self/cgroup", "/proc/self/limits"});
    if (operation_ == "create") return create_command();
    if (operation_ == "copy") return world_.command("copy", name_, {"-N", copy_});
    return world_.command(operation_, name_);
}

std::string Experiment::state(std::vector<std::string>* faults) const {
    const Ran ran = run(world_.command("info", name_, {"-s", "-H"}));
    if (faults != nullptr && ran.status != 0) faults->push_back(cat("info: status ", ran.status, ": ", ran.output));
    return first_line(ran.output);
}

std::string Experiment::profile() const { return profile_of(init()); }

void Experiment::expect(Faults& faults, const std::string& what, const Command& command) const {
    const Ran ran = run(command);
    if (ran.status != 0) faults.push_back(cat(what, ": status ", ran.status, ": ", ran.output));
}

void Experiment::prepare() {
    Faults faults;
    if (wants_running() && state() == "STOPPED") expect(faults, "start", world_.command("start", name_));
    const std::string now = state();
    if (operation_ == "unfreeze" && now == "RUNNING") expect(faults, "freeze", world_.command("freeze", name_));
    if (operation_ != "unfreeze" && now == "FROZEN") expect(faults, "unfreeze", world_.command("unfreeze", name_));
    if (operation_ == "create" && fs::exists(world_.lxcpath() + "/" + name_))
        expect(faults, "destroy", world_.command("destroy", name_));
    if (operation_ == "destroy" && !fs::exists(world_.lxcpath() + "/" + name_)) make_container();
    if (!faults.empty()) throw Error(0, name_, cat("cannot be made ready: ", faults.front(), ":"));
}

pid_t Experiment::init() const { return std::atoi(run(world_.command("info", name_, {"-p", "-H"})).output.c_str()); }

void Experiment::adopt_monitor(Tracer& tracer) const {
    const pid_t first = init();
    const std::string status = sdk::read_file(cat("/proc/", first, "/status"));
    const pid_t monitor = std::atoi(status.c_str() + status.find("PPid:") + 5);
    const auto is_small = [&] {
        // The link's text is that of a mount of one file.
        for (const auto& entry : fs::directory_iterator(fs::path(world_.program()).parent_path() / "../lib/keelson"))
            if (entry.path().filename().string().starts_with("monitor-") &&
                fs::equivalent(entry, cat("/proc/", monitor, "/exe")))
                return true;
        return false;
    };
    // Not while it begins: for want of memory in the C library's own start no program can do anything.
    const auto waits = [&] {
        const std::string call = sdk::read_file(cat("/proc/", monitor, "/syscall"));
        return call.starts_with(cat(SYS_epoll_wait, " ")) || call.starts_with(cat(SYS_epoll_pwait, " "));
    };
    for (int tries = 0; kind_.small && !(is_small() && waits()); ++tries) {
        if (tries == 200) throw Error(0, name_, "the monitor does not become small:");
        moment();
    }
    tracer.knows_init(first);
    tracer.adopt(monitor, "m");
}

Outcome Experiment::carry_out(const std::optional<Injection>& injection) {
    Tracer tracer(world_.program(), calls_, injection);
    if (wants_running()) adopt_monitor(tracer);
    return tracer.run(operation_command(), deadline);
}

std::vector<Call> Experiment::record() {
    prepare();
    Outcome outcome = carry_out(std::nullopt);
    if (outcome.status != 0 || !outcome.wrong.empty())
        throw Error(0, operation_,
                    cat("undisturbed: status ", outcome.status, ": ", outcome.output,
                        outcome.wrong.empty() ? "" : outcome.wrong.front(), ":"));
    remember(outcome);
    Faults faults;
    judge_success(outcome, faults);
    if (!faults.empty()) throw Error(0, operation_, cat("undisturbed: ", faults.front(), ":"));
    return std::move(outcome.calls);
}

void Experiment::remember(const Outcome& outcome) {
    if (operation_ == "attach") output_ = without_changing_numbers(outcome.output);
    if (operation_ == "start") profile_ = profile();
    if (operation_ == "copy") copy_tree_ = look_at_tree(world_.lxcpath() + "/" + copy_);
}

std::vector<std::string> Experiment::disturb(const Injection& injection, bool& reached, std::string& call) {
    prepare();
    Outcome outcome = carry_out(injection);
    reached = !outcome.injected.empty();
    call = outcome.injected;
    Faults faults = std::move(outcome.wrong);
    ++disturbed_;
    if (injection.cause == Cause::kill && reached)
        judge_death(injection, faults);
    else if (injection.cause == Cause::kill_init && reached && lives())
        judge_end(faults);
    else if (outcome.status != 0 && !could_not_say_so(outcome))
        judge_failure(outcome, faults);
    else
        judge_success(outcome, faults);
    if (!faults.empty()) faults.push_back(cat("status ", outcome.status, ", output: ", outcome.output));
    return faults;
}

void Experiment::compare_tree(Faults& faults, const std::string& name, const Snapshot& expected) const {
    for (const std::string& line : difference(expected, look_at_tree(world_.lxcpath() + "/" + name)))
        faults.push_back(cat(name, ": ", line));
}

void Experiment::judge_success(const Outcome& outcome, Faults& faults) {
    const std::string now = operation_ == "destroy" ? "" : state(&faults);
    const auto has_to_be = [&](const std::string& wanted) {
        if (now != wanted) faults.push_back(cat(operation_, " says that it succeeded, and the container is ", now));
    };
    if (operation_ == "start") {
        has_to_be("RUNNING");
        if (now == "RUNNING")
            for (const std::string& line : difference_of_texts(profile_, profile()))
                if (!may_differ(line)) faults.push_back("init: " + line);
    } else if (operation_ == "stop" || operation_ == "life") {
        has_to_be("STOPPED");
    } else if (operation_ == "freeze") {
        has_to_be("FROZEN");
    } else if (operation_ == "unfreeze" || operation_ == "attach") {
        has_to_be("RUNNING");
    }
    if (operation_ == "attach")
        for (const std::string& line : difference_of_texts(output_, without_changing_numbers(outcome.output)))
            faults.push_back("attached: " + line);
    if (operation_ == "create") compare_tree(faults, name_, tree_);
    if (operation_ == "copy") {
        compare_tree(faults, name_, tree_);
        compare_tree(faults, copy_, copy_tree_);
        expect(faults, "destroy of the copy", world_.command("destroy", copy_));
    }
    if (operation_ == "destroy") {
        for (const std::string& line : world_.changed_from(nothing_, patience)) faults.push_back(line);
        return;
    }
    end_and_compare(faults, "after a success");
}

void Experiment::judge_failure(const Outcome& outcome, Faults& faults) {
    if (!says_why(outcome.output)) faults.push_back("it failed without a word");
    const bool was_running = wants_running();
    if (operation_ == "create") {
        for (const std::string& line : world_.changed_from(nothing_, patience)) faults.push_back(line);
        return;
    }
    if (operation_ == "destroy") {
        expect(faults, "destroy again", world_.command("destroy", name_));
        for (const std::string& line : world_.changed_from(nothing_, patience)) faults.push_back(line);
        return;
    }
    const std::string now = state(&faults);
    const std::string before = operation_ == "unfreeze" ? "FROZEN" : was_running ? "RUNNING" : "STOPPED";
    // An error after the deed is no lie when the state is told as it is.
    const bool done_all_the_same = operation_ == "unfreeze" && now == "RUNNING";
    if (now != before && now != "STOPPED" && !done_all_the_same)
        faults.push_back(cat("after the failure the container is ", now));
    if (now == "STOPPED" && operation_ != "stop" && was_running) faults.push_back("the container was lost");
    end_and_compare(faults, "after a failure");
}

/// A container that runs on may do so, if it can be stopped; one that does not has left nothing.
void Experiment::end_and_compare(Faults& faults, const std::string& when) {
    const bool keeps = operation_ == "attach" || operation_ == "freeze" || operation_ == "unfreeze";
    if (keeps && faults.empty() && disturbed_ % 8 != 0 && state() != "STOPPED") return;
    if (state() != "STOPPED") expect(faults, cat("stop ", when), world_.command("stop", name_, {"-k"}));
    for (const std::string& line : world_.changed_from(stopped_, patience)) faults.push_back(cat(when, ": ", line));
}

/// The container ends by itself, whatever the command came to.
void Experiment::judge_end(Faults& faults) {
    std::string now = state(&faults);
    // A frozen process of version 1 of cgroups dies when it is let go.
    if (now == "FROZEN") run(world_.command("unfreeze", name_));
    for (int tries = 0; tries < 60 && (now = state()) != "STOPPED"; ++tries) moment();
    if (now != "STOPPED") faults.push_back(cat("its first process is dead, and the container is ", now));
    for (const std::string& line : world_.changed_from(stopped_, patience)) faults.push_back(line);
}

/// Who died may have left anything, as long as the journal knows it: recover, or the next command, takes it away, or else, as
/// when the power was lost, it went with the runtime directory.
void Experiment::judge_death(const Injection& injection, Faults& faults) {
    enum After { recover, next_command, power_lost };
    const auto after = static_cast<After>(injection.point.number % 3);
    if (after == power_lost) world_.lose_power();
    if (after == recover) recover_all(faults);
    if (operation_ == "create" || operation_ == "destroy") return made_again(faults);
    if (operation_ == "copy") copied_again(faults);
    lives_again(faults);
}

/// What has died may take a moment to be gone.
void Experiment::recover_all(Faults& faults) const {
    for (int tries = 0; tries < 20 && state() == "ABORTING"; ++tries) moment();
    expect(faults, "recover", world_.command("recover"));
}

/// A container that is not whole can only be destroyed.
void Experiment::made_again(Faults& faults) {
    if (!succeeds_soon(create_command())) {
        expect(faults, "destroy after a death", world_.command("destroy", name_));
        expect(faults, "create after a death", create_command());
    }
    compare_tree(faults, name_, tree_);
    expect(faults, "destroy", world_.command("destroy", name_));
    for (const std::string& line : world_.changed_from(nothing_, patience)) faults.push_back(line);
}

void Experiment::copied_again(Faults& faults) {
    if (!succeeds_soon(operation_command())) {
        expect(faults, "destroy of the copy after a death", world_.command("destroy", copy_));
        expect(faults, "copy after a death", operation_command());
    }
    compare_tree(faults, copy_, copy_tree_);
    expect(faults, "destroy of the copy", world_.command("destroy", copy_));
}

void Experiment::lives_again(Faults& faults) {
    if (state(&faults) == "FROZEN") expect(faults, "unfreeze after a death", world_.command("unfreeze", name_));
    if (state(&faults) != "RUNNING") expect(faults, "start after a death", world_.command("start", name_));
    if (const std::string now = state(&faults); now != "RUNNING") faults.push_back(cat("started, and the container is ", now));
    expect(faults, "stop after a death", world_.command("stop", name_, {"-k"}));
    for (const std::string& line : world_.changed_from(stopped_, patience)) faults.push_back(line);
}

void Experiment::restore() {
    world_.lose_power();
    for (const auto& entry : fs::directory_iterator(world_.lxcpath())) {
        run({{"btrfs", "-q", "subvolume", "delete", entry.path().string() + "/rootfs"}, {}});
        fs::remove_all(entry);
    }
    const std::vector<std::string> lines = difference(nothing_, world_.look());
    if (!lines.empty()) throw Error(0, world_.name(), cat("the world cannot be put right: ", lines.front(), ":"));
    make_container();
    stopped_ = world_.look();
}

}  // namespace keelson::fault
