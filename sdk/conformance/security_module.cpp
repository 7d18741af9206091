// Security modules: check, prepare, and confine in a process of its own.
#include <conformance/check.hpp>
#include <conformance/subject.hpp>
#include <keelson/sdk/security_module.hpp>

#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

namespace keelson::conformance {
namespace {

/// A procfs that is mounted nowhere, as the kernel hands it to `confine`.
UniqueFd private_procfs() {
    const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC)));
    if (!context || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        throw Skipped("no procfs can be made here");
    UniqueFd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
    if (!mount) throw Skipped("no procfs can be made here");
    return mount;
}

class SecuritySubject final : public Subject {
public:
    explicit SecuritySubject(Bench& bench) : module_(bench.as<abi::SecurityModule>()) {}

    bool wanted(TestContainer& container) {
        bool wanted = false;
        must("check", [&](auto* error) { return module_.check(container.context(), &wanted, error); });
        return wanted;
    }

    void apply(TestContainer& container) override {
        if (!wanted(container)) throw Skipped("the plugin has nothing to do here: set its keys with --set=KEY=VALUE");
        sdk::StringCollector given;
        must("prepare", [&](auto* error) { return module_.prepare(container.context(), &given, error); });
        if (given.all().size() != 1) throw Failure("prepare does not give one state");
        state_ = given.first();
    }

    abi::Status confine(TestContainer& container, int proc) {
        sdk::ErrorCollector errors;
        const bool labels = module_.interface(sdk::to_abi(sdk::SecurityLabel::id)) != nullptr;
        return module_.confine(container.context(), sdk::to_abi(state_), labels ? proc : -1, &errors);
    }

private:
    abi::SecurityModule& module_;
    std::string state_;
};

/// The confined process says nothing more than its exit status: it may be forbidden to write.
void confines(Bench& bench) {
    SecuritySubject subject(bench);
    TestContainer& container = bench.container();
    subject.apply(container);
    const UniqueFd proc = private_procfs();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(subject.confine(container, proc.get()) == 0 ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    bench.undo(container);
    if (WIFSIGNALED(status)) throw Failure(cat("confine ends the process with signal ", WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0) throw Failure("confine fails");
}

void check_changes_nothing(Bench& bench) {
    TestContainer& container = bench.container();
    const Snapshot before = bench.snapshot();
    SecuritySubject(bench).wanted(container);
    bench.expect_unchanged(before, "check");
    if (!container.journal().records().empty()) throw Failure("check writes a record");
}

constexpr Check table[] = {
    {"lsm.check", "lsm", "check changes nothing", check_changes_nothing},
    {"lsm.confine", "lsm", "a process confines itself and ends as it wants", confines},
};

}  // namespace

std::unique_ptr<Subject> make_security_module(Bench& bench) { return std::make_unique<SecuritySubject>(bench); }
std::span<const Check> security_module_checks() { return table; }

}  // namespace keelson::conformance
