// Cgroup layouts: create, a process that enters, limits, freezing, and what can be asked.
#include <conformance/check.hpp>
#include <conformance/subject.hpp>
#include <keelson/abi/cgroup_driver.hpp>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <fcntl.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <vector>

namespace keelson::conformance {
namespace {

constexpr uint32_t timeout_ms = 5000;

class Mounts final : public abi::CgroupMountSink {
public:
    std::vector<std::string> targets;

private:
    void mount(const abi::CgroupMount* mount) noexcept override { targets.emplace_back(sdk::from_abi(mount->target)); }
};

class CgroupSubject final : public Subject {
public:
    explicit CgroupSubject(Bench& bench) : driver(bench.as<abi::CgroupDriver>()) {}

    void apply(TestContainer& container) override {
        sdk::StringCollector given;
        must("create", [&](auto* error) { return driver.create(container.context(), &given, error); });
        if (given.all().size() != 1) throw Failure("create does not give one state");
        state_ = given.first();
        int32_t directory = -1;
        must("birthplace", [&](auto* error) { return driver.birthplace(container.context(), state(), &directory, error); });
        const UniqueFd birthplace(directory);
        must("complete", [&](auto* error) { return driver.complete(container.context(), state(), error); });
        for (abi::CgroupPhase phase : {abi::CgroupPhase::before_setup, abi::CgroupPhase::after_setup})
            must("limit", [&](auto* error) { return driver.limit(container.context(), state(), phase, error); });
    }

    /// The calling process enters, as the kernel would have it.
    void enter(TestContainer& container, abi::CgroupRole role) {
        std::array<int32_t, 64> tasks{};
        abi::CgroupEntry entry{sizeof entry, -1, tasks.data(), tasks.size(), 0};
        must("entry", [&](auto* error) { return driver.entry(container.context(), state(), role, &entry, error); });
        const UniqueFd unified(entry.unified_owned);
        for (uint32_t i = 0; i < entry.count; ++i) {
            const UniqueFd file(tasks[i]);
            if (::write(file.get(), "0", 1) != 1) throw Error::last("enter", "a cgroup of the older hierarchies");
        }
        if (!unified) return;
        const UniqueFd file(::openat(unified.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
        if (!file || ::write(file.get(), "0", 1) != 1) throw Error::last("enter", "the unified cgroup");
    }

    bool frozen(TestContainer& container) {
        bool now = false;
        must("is_frozen", [&](auto* error) { return driver.is_frozen(container.context(), state(), &now, error); });
        sdk::StringCollector file;
        must("frozen_file", [&](auto* error) { return driver.frozen_file(container.context(), state(), &file, error); });
        if (!file.all().empty()) check_frozen_file(file.all(), now);
        return now;
    }

    static void check_frozen_file(const std::vector<std::string>& path_and_text, bool frozen) {
        if (path_and_text.size() != 2) throw Failure("frozen_file gives a path without a text, or more");
        if (path_and_text[0].empty()) return;
        const bool says = sdk::trim(sdk::read_file(path_and_text[0])) != path_and_text[1];
        if (says != frozen) throw Failure(cat(path_and_text[0], " of frozen_file says otherwise than is_frozen"));
    }

    void freeze(TestContainer& container, bool wanted) {
        must("freeze", [&](auto* error) { return driver.freeze(container.context(), state(), wanted, timeout_ms, error); });
        if (frozen(container) != wanted) throw Failure(wanted ? "is not frozen after freeze" : "is frozen after unfreeze");
    }

    void release(TestContainer& container) {
        must("release", [&](auto* error) { return driver.release(container.context(), state(), error); });
        if (frozen(container)) throw Failure("is frozen after release");
    }

    abi::StringView state() const { return sdk::to_abi(state_); }
    abi::CgroupDriver& driver;

private:
    std::string state_;
};

/// A process that waits in the payload's cgroup until it is killed.
class Payload {
public:
    Payload(CgroupSubject& subject, TestContainer& container) {
        int ready[2];
        if (::pipe2(ready, O_CLOEXEC) != 0) throw Error::last("make", "a pipe");
        const UniqueFd reading(ready[0]);
        UniqueFd writing(ready[1]);
        process_ = ::fork();
        if (process_ == 0) wait_inside(subject, container, ready[1]);
        writing.reset();
        char words[1024];
        const ssize_t got = ::read(reading.get(), words, sizeof words);
        if (got != 1 || words[0] != '+') throw Failure(std::string(words, got > 0 ? static_cast<size_t>(got) : 0));
    }
    ~Payload() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    Payload(const Payload&) = delete;

private:
    [[noreturn]] static void wait_inside(CgroupSubject& subject, TestContainer& container, int ready) {
        std::string words = "+";
        try {
            subject.enter(container, abi::CgroupRole::payload);
        } catch (const std::exception& error) {
            words = cat("a process cannot enter: ", error.what());
        }
        if (::write(ready, words.data(), words.size()) < 0) ::_exit(1);
        for (;;) ::pause();
    }

    pid_t process_ = -1;
};

void enters_and_freezes(Bench& bench) {
    const auto made = make_subject(bench);
    auto& subject = static_cast<CgroupSubject&>(*made);
    TestContainer& container = bench.container();
    const Snapshot before = bench.snapshot();
    subject.apply(container);
    {
        const Payload payload(subject, container);
        subject.freeze(container, true);
        subject.freeze(container, true);
        subject.freeze(container, false);
        subject.freeze(container, true);
        subject.release(container);
    }
    std::string words;
    if (in_child([&] { subject.enter(container, abi::CgroupRole::monitor); }, &words) != 0)
        throw Failure(cat("the monitor cannot enter: ", words));
    bench.undo(container);
    bench.expect_unchanged(before, "a process in the cgroup and undo");
}

void answers(Bench& bench) {
    const auto made = make_subject(bench);
    auto& subject = static_cast<CgroupSubject&>(*made);
    TestContainer& container = bench.container();
    subject.apply(container);
    sdk::StringCollector path, ignored;
    abi::CgroupUsage usage{};
    Mounts mounts;
    const abi::CgroupMountRequest request{sizeof request, 0, 1, 0, 0, 1, 1};
    auto& driver = subject.driver;
    must("path", [&](auto* error) { return driver.path(container.context(), subject.state(), {"", 0}, &path, error); });
    must("usage", [&](auto* error) { return driver.usage(container.context(), subject.state(), &usage, error); });
    must("mounts", [&](auto* error) { return driver.mounts(container.context(), subject.state(), &request, &mounts, error); });
    const std::string missing = "klt.no-such-file";
    const Error error = must_fail("reading a control file that is not there", [&] {
        must("read", [&](auto* sink) {
            return driver.read(container.context(), subject.state(), sdk::to_abi(missing), &ignored, sink);
        });
    });
    bench.undo(container);
    if (!path.first().starts_with('/'))
        throw Failure(cat("path gives '", path.first(), "', which does not begin with a slash"));
    for (const std::string& target : mounts.targets)
        if (target.empty() || target.front() == '/' || target.find("..") != std::string::npos)
            throw Failure(cat("wants a mount on '", target, "', which is not below the container's root"));
    if (in_full(error).find(missing) == std::string::npos)
        throw Failure(cat("does not name the missing file: ", in_full(error)));
}

constexpr Check table[] = {
    {"cgroup.enter", "cgroup", "processes enter, are frozen and let go", enters_and_freezes},
    {"cgroup.answers", "cgroup", "path, usage and mounts make sense; a missing file is named", answers},
};

}  // namespace

std::unique_ptr<Subject> make_cgroup_driver(Bench& bench) { return std::make_unique<CgroupSubject>(bench); }
std::span<const Check> cgroup_driver_checks() { return table; }

}  // namespace keelson::conformance
