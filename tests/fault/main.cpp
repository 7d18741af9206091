// keelson-fault: every failure point and every moment of death of one operation on one kind of container. See usage().
#include "experiment.hpp"

#include <keelson/sdk/file.hpp>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>

namespace {

using namespace keelson;
using namespace keelson::fault;
namespace po = boost::program_options;

constexpr const char* summary =
    "keelson-fault: makes the n-th system call of every process of ours fail, or kills the process there, for every n,\n"
    "and compares the host before and after. Exit code 0: all right, 1: something was not, 77: cannot run here.\n\nOptions";

const std::vector<std::pair<std::string, int>> causes{
    {"ENOMEM", ENOMEM},         {"EPERM", EPERM},           {"EIO", EIO}, {"EINTR", EINTR}, {"KILL", Cause::kill},
    {"INIT", Cause::kill_init}, {"NOMEM", Cause::no_memory}};
const std::map<std::string, Owner> owners{{"root", Owner::root}, {"user", Owner::user}, {"delegated", Owner::delegated}};
constexpr const char* causes_in_words =
    "ENOMEM, EPERM, EIO, EINTR (default: each in turn), KILL, INIT (the container's first process dies), or NOMEM alone (no "
    "memory, at calls that ask for it); may repeat";

struct Options {
    std::string program, operation, at, work, owner;
    std::vector<std::string> causes;
    Kind kind;
    unsigned every = 1, first = 0;
    bool keep_going = false, list = false, all_causes = false;
};

std::string name_of(Cause cause) {
    for (const auto& [name, value] : causes)
        if (cause == value) return name;
    return cat(cause.value);
}

Cause cause_of(const std::string& name) {
    for (const auto& [known, value] : causes)
        if (known == name) return {value};
    throw Error(EINVAL, name, "unknown cause", causes_in_words);
}

Calls calls_for(const std::vector<std::string>& names) {
    const auto about_memory = std::ranges::count(names, "NOMEM");
    if (about_memory != 0 && about_memory != std::ssize(names))
        throw Error(EINVAL, "NOMEM", "has points of its own", "run it without other causes");
    return about_memory != 0 ? Calls::memory : Calls::ordinary;
}

class Torture {
public:
    explicit Torture(const Options& options, const World& world)
        : options_(options), experiment_(world, options.kind, options.operation, calls_for(options.causes)) {}

    int run() {
        const std::vector<Call> calls = points();
        if (options_.list) return list(calls);
        if (!options_.at.empty()) return one(calls);
        size_t turn = options_.first;
        for (size_t i = options_.first; i < calls.size(); i += options_.every) {
            for (const Cause cause : causes_at(turn++))
                if (!attempt({calls[i].point, cause})) return finish();
        }
        return finish();
    }

private:
    std::vector<Call> points() {
        std::vector<Call> calls = experiment_.record();
        if (options_.causes == std::vector<std::string>{"INIT"})
            std::erase_if(calls, [](const Call& call) { return !call.init_lives; });
        return calls;
    }

    /// One cause a point, in turn, or all.
    std::vector<Cause> causes_at(size_t turn) const {
        std::vector<Cause> found;
        for (const std::string& name : options_.causes) found.push_back(cause_of(name));
        if (!options_.all_causes) found = {found[turn % found.size()]};
        return found;
    }

    static int list(const std::vector<Call>& calls) {
        for (const Call& call : calls) std::printf("%s %s\n", call.point.text().c_str(), call.text.c_str());
        return 0;
    }

    int one(const std::vector<Call>& calls) {
        for (const Call& call : calls)
            if (call.point.text() == options_.at)
                for (const Cause cause : causes_at(0)) attempt({call.point, cause});
        return finish();
    }

    /// False: no further one is wanted.
    bool attempt(const Injection& injection) {
        bool reached = false;
        std::string call;
        const auto begin = std::chrono::steady_clock::now();
        const std::vector<std::string> faults = experiment_.disturb(injection, reached, call);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        ++(reached ? tried_ : missed_);
        if (seconds > 5)
            std::printf("slow: %s %s (%s): %.1f s\n", injection.point.text().c_str(), name_of(injection.cause).c_str(),
                        call.c_str(), seconds);
        if (faults.empty()) return true;
        ++failed_;
        tell(injection, call, faults);
        if (!options_.keep_going) return false;
        experiment_.restore();
        return true;
    }

    void tell(const Injection& injection, const std::string& call, const std::vector<std::string>& faults) const {
        std::printf("FAIL %s: %s at %s (%s)\n", options_.operation.c_str(), name_of(injection.cause).c_str(),
                    injection.point.text().c_str(), call.c_str());
        constexpr size_t most = 12;
        for (size_t i = 0; i < faults.size(); ++i)
            if (i < most || i + 1 == faults.size()) std::printf("    %s\n", faults[i].c_str());
        std::printf("    again: %s --operation %s --network %s --storage %s --owner %s%s --at %s --cause %s\n",
                    std::filesystem::read_symlink("/proc/self/exe").c_str(), options_.operation.c_str(),
                    options_.kind.network.c_str(), options_.kind.storage.c_str(), options_.owner.c_str(), lines().c_str(),
                    injection.point.text().c_str(), name_of(injection.cause).c_str());
        std::fflush(stdout);
    }

    std::string lines() const {
        std::string text;
        if (options_.kind.small) text += " --small";
        for (const std::string& line : options_.kind.lines) text += cat(" --line '", line, "'");
        return text;
    }

    int finish() const {
        std::printf("%s, network %s, storage %s, owner %s%s: %u points, %u wrong, %u not reached\n", options_.operation.c_str(),
                    options_.kind.network.c_str(), options_.kind.storage.c_str(), options_.owner.c_str(), lines().c_str(),
                    tried_, failed_, missed_);
        return failed_ != 0 || tried_ == 0;
    }

    const Options& options_;
    Experiment experiment_;
    unsigned tried_ = 0, failed_ = 0, missed_ = 0;
};

std::string name_of_world(const std::string& work) { return std::filesystem::path(work).filename(); }

/// The first process of the world: everything dies with it.
int work(const Options& options) try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setvbuf(stdout, nullptr, _IOLBF, 0);
    // The heap grows page by page, so that there are many points.
    if (calls_for(options.causes) == Calls::memory) ::setenv("GLIBC_TUNABLES", "glibc.malloc.top_pad=0", 1);
    const World world(options.program, name_of_world(options.work), options.work, options.kind.storage,
                      owners.at(options.owner));
    return Torture(options, world).run();
} catch (const Error& error) {
    std::cout << "failed: " << error.what() << (error.hint().empty() ? "" : ": ") << error.hint() << std::endl;
    return 1;
} catch (const std::exception& error) {
    std::cout << "failed: " << error.what() << std::endl;
    return 1;
}

UniqueFd locked(const std::string& directory, int how) {
    UniqueFd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (lock && ::flock(lock.get(), how) != 0) lock.reset();
    return lock;
}

/// Locked as long as the world lasts: one that is not was left by a run that was killed, and is taken away by the next.
class WorkDirectory {
public:
    WorkDirectory() {
        const UniqueFd turn = locked("/tmp", LOCK_EX);
        end_abandoned();
        if (::mkdtemp(path_.data()) == nullptr) throw Error::last("make directory", path_);
        lock_ = locked(path_, LOCK_EX);
    }
    ~WorkDirectory() { end(path_); }
    WorkDirectory(const WorkDirectory&) = delete;

    const std::string& path() const noexcept { return path_; }

private:
    static void end(const std::string& path) {
        World::tidy(name_of_world(path));
        ::umount2(path.c_str(), MNT_DETACH);
        ::rmdir(path.c_str());
    }

    static void end_abandoned() {
        for (const auto& entry : std::filesystem::directory_iterator("/tmp")) {
            const std::string path = entry.path();
            if (path.starts_with("/tmp/klt-fault.") && locked(path, LOCK_EX | LOCK_NB)) end(path);
        }
    }

    std::string path_ = "/tmp/klt-fault.XXXXXX";
    UniqueFd lock_;
};

pid_t first_process = 0;

/// When we are interrupted it is killed: what was frozen at that moment is thawed, until all have died.
int status_of_first(const std::string& world) {
    int status = 0;
    for (int how = 0; ::waitpid(first_process, &status, how) != first_process; how = WNOHANG) {
        World::thaw(world);
        ::usleep(10'000);
    }
    return status;
}

int in_own_world(Options options) {
    if (::geteuid() != 0) {
        std::puts("needs root");
        return 77;
    }
    const WorkDirectory directory;
    options.work = directory.path();
    if (::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS) != 0)
        throw Error::last("make namespaces", "");
    std::fflush(stdout);
    first_process = ::fork();
    if (first_process == 0) {
        const int code = work(options);
        std::fflush(stdout);
        ::_exit(code);
    }
    struct sigaction end {};
    end.sa_handler = [](int) { ::kill(first_process, SIGKILL); };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &end, nullptr);
    const int status = status_of_first(name_of_world(options.work));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

Options parse(int argc, char** argv) {
    Options options;
    const std::string beside = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "keelson";
    po::options_description known(summary);
    known.add_options()("help", "show this")("program", po::value(&options.program)->default_value(beside),
                                             "the keelson under test")(
        "operation", po::value(&options.operation)->default_value("start"),
        "start, life (in the foreground, to its end), stop, freeze, unfreeze, attach, create, destroy or copy")(
        "network", po::value(&options.kind.network)->default_value("empty"), "none, empty, veth, macvlan, phys or nat")(
        "storage", po::value(&options.kind.storage)->default_value("dir"), "dir, overlay, btrfs or loop")(
        "owner", po::value(&options.owner)->default_value("root"),
        "root, user, or delegated: a user with cgroups of the user's own")(
        "small", po::bool_switch(&options.kind.small), "the operation begins when the small monitor watches the container")(
        "line", po::value(&options.kind.lines), "of the configuration; may repeat")(
        "cause", po::value(&options.causes), causes_in_words)("all-causes", po::bool_switch(&options.all_causes),
                                                              "every cause at every point")(
        "every", po::value(&options.every)->default_value(1), "try each n-th point only")(
        "first", po::value(&options.first)->default_value(0), "begin with this point")(
        "at", po::value(&options.at), "try one point only, as ROLE:NUMBER")("list", po::bool_switch(&options.list),
                                                                            "print the points and try none")(
        "keep-going", po::bool_switch(&options.keep_going), "go on after something was wrong");
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, known), values);
    if (values.count("help") != 0) {
        std::cout << known;
        std::exit(0);
    }
    po::notify(values);
    if (!owners.contains(options.owner)) throw Error(EINVAL, options.owner, "unknown owner", "root, user or delegated");
    if (std::ranges::find(Experiment::operations(), options.operation) == Experiment::operations().end())
        throw Error(EINVAL, options.operation, "unknown operation", "see --help");
    options.program = std::filesystem::canonical(options.program);
    if (options.causes.empty()) options.causes = {"ENOMEM", "EPERM", "EIO", "EINTR"};
    return options;
}

}  // namespace

int main(int argc, char** argv) try { return in_own_world(parse(argc, argv)); } catch (const std::exception& error) {
    std::cerr << "keelson-fault: " << error.what() << "\n";
    return 2;
}
