// The driver on the hierarchies of the host that the test runs on.
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>
#include <plugins/cgroup/common/cgroups.hpp>
#include <plugins/cgroup/common/device_program.hpp>
#include <plugins/cgroup/common/driver.hpp>
#include <plugins/cgroup/common/tree.hpp>
#include <plugins/cgroup/common/version1.hpp>
#include <plugins/cgroup/common/version2.hpp>
#include <tests/support/fake_plugin_context.hpp>
#include <tests/support/temporary_directory.hpp>

#include <cstddef>
#include <cstring>
#include <thread>

namespace keelson::cgroup {
namespace {

const Version1 version1;
const Version2 version2;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// A process that is born in the payload (or the monitor's cgroup) as the kernel does it, and waits to be killed.
pid_t start_inside(const sdk::CgroupEntry& entry) {
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    if (entry.unified) {
        arguments.flags = CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<uint64_t>(entry.unified.get());
    }
    int ready[2];
    if (::pipe(ready) != 0) return -1;
    const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid == 0) {
        for (const UniqueFd& tasks : entry.tasks)
            if (::write(tasks.get(), "0", 1) != 1) ::_exit(errno);
        [[maybe_unused]] const ssize_t n = ::write(ready[1], "x", 1);
        for (;;) ::pause();
    }
    ::close(ready[1]);
    char c;
    const bool inside = pid > 0 && ::read(ready[0], &c, 1) == 1;
    ::close(ready[0]);
    return inside ? pid : -1;
}

/// How a child ended, given some time for it: its signal, or -1.
int signal_that_ended(pid_t pid) {
    for (int i = 0; i < 2000; ++i) {
        int status = 0;
        if (::waitpid(pid, &status, WNOHANG) == pid) return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return -1;
}

class CgroupDriver : public ::testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        if (find_hierarchies(sdk::read_file("/proc/self/mountinfo"), "").empty()) GTEST_SKIP() << "needs cgroups";
        container.runtime_directory = runtime.path();
    }
    void TearDown() override {
        for (const pid_t pid : children) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
        for (const std::string& record : container.records) driver.undo(container.context(), record, sdk::Namespaces(nullptr));
    }
    pid_t start(const std::string& state, abi::CgroupRole role = abi::CgroupRole::payload) {
        const pid_t pid = start_inside(driver.entry(container.context(), state, role));
        if (pid > 0) children.push_back(pid);
        return pid;
    }
    /// The cgroups of the payload.
    std::string create(const sdk::Context& context) {
        std::string state = driver.create(context);
        driver.complete(context, state);
        return state;
    }
    /// And, as for a monitor in the background, those of the monitor.
    std::string create_both(const sdk::Context& context) {
        std::string state = create(context);
        driver.entry(context, state, abi::CgroupRole::monitor);
        return state;
    }
    void undo_all() { undo_all(container); }
    void undo_all(test::FakePluginContext& whose) {
        for (auto record = whose.records.rbegin(); record != whose.records.rend(); ++record)
            driver.undo(whose.context(), *record, sdk::Namespaces(nullptr));
    }
    static std::vector<std::string> directories(const Cgroups& cgroups) {
        std::vector<std::string> all;
        for (const Hierarchy& h : cgroups.hierarchies)
            for (const std::string& place : {cgroups.places.limit, cgroups.places.monitor}) all.push_back(h.directory(place));
        return all;
    }

    Driver driver{AllControls{&version1, &version2}};
    test::FakePluginContext container{cat("klt", ::getpid())};
    test::TemporaryDirectory runtime;
    std::vector<pid_t> children;
};

TEST_F(CgroupDriver, MakesEntersAndRemoves) {
    const std::string state = create_both(container.context());
    const Cgroups cgroups = Cgroups::parse(state);
    for (const std::string& path : directories(cgroups)) EXPECT_TRUE(exists(path)) << path;
    ASSERT_EQ(container.records.size(), 2u);

    const pid_t pid = start(state);
    ASSERT_GT(pid, 0) << "a process could not be started inside";
    const std::string own = sdk::read_file(cat("/proc/", pid, "/cgroup"));
    for (const Hierarchy& h : cgroups.hierarchies)
        EXPECT_EQ(cgroup_of(own, h), cat(h.base, '/', cgroups.places.limit)) << h.mount_point;
    EXPECT_EQ(driver.path(container.context(), state, ""), cat('/', cgroups.places.limit));
    EXPECT_NE(driver.read(container.context(), state, "cgroup.procs").find(std::to_string(pid)), std::string::npos);

    undo_all();
    EXPECT_EQ(signal_that_ended(pid), SIGKILL);
    children.clear();
    for (const std::string& path : directories(cgroups)) EXPECT_FALSE(exists(path)) << path;
    undo_all();
}

TEST_F(CgroupDriver, AMonitorThatStaysInItsCallersCgroupGetsNone) {
    const std::string state = create(container.context());
    const Cgroups cgroups = Cgroups::parse(state);
    for (const Hierarchy& h : cgroups.hierarchies) EXPECT_FALSE(exists(h.directory(cgroups.places.monitor))) << h.mount_point;
    driver.entry(container.context(), state, abi::CgroupRole::monitor);
    driver.entry(container.context(), state, abi::CgroupRole::monitor);
    for (const Hierarchy& h : cgroups.hierarchies) EXPECT_TRUE(exists(h.directory(cgroups.places.monitor))) << h.mount_point;
}

TEST_F(CgroupDriver, WhatNobodyIsBornInIsMadeWhenTheChildLives) {
    const std::string state = driver.create(container.context());
    const Cgroups cgroups = Cgroups::parse(state);
    const auto made = [&](const Hierarchy& h) { return exists(h.directory(cgroups.places.limit)); };
    for (const Hierarchy& h : cgroups.hierarchies) EXPECT_EQ(made(h), h.version == Version::two) << h.mount_point;
    EXPECT_EQ(static_cast<bool>(driver.birthplace(container.context(), state)), cgroups.unified() != nullptr);
    EXPECT_FALSE(driver.is_frozen(container.context(), state));
    driver.complete(container.context(), state);
    for (const Hierarchy& h : cgroups.hierarchies) EXPECT_TRUE(made(h)) << h.mount_point;
}

TEST_F(CgroupDriver, UndoRemovesWhatTheContainerMadeBelow) {
    const Cgroups cgroups = Cgroups::parse(create(container.context()));
    for (const Hierarchy& h : cgroups.hierarchies) {
        const std::string own = h.directory(cgroups.places.limit);
        ASSERT_EQ(::mkdir((own + "/system.slice").c_str(), 0755), 0);
        ASSERT_EQ(::mkdir((own + "/system.slice/a.service").c_str(), 0755), 0);
    }
    undo_all();
    for (const std::string& path : directories(cgroups)) EXPECT_FALSE(exists(path)) << path;
}

TEST_F(CgroupDriver, UndoOfAnIntentThatWasNotCarriedOut) {
    const std::string state = create(container.context());
    undo_all();
    undo_all();
    // half made: the first hierarchy only, without a mark, as after a kill between two system calls
    const Cgroups cgroups = Cgroups::parse(state);
    const std::string half = cgroups.hierarchies.front().directory(cgroups.places.limit);
    ASSERT_EQ(::mkdir(half.c_str(), 0755), 0);
    undo_all();
    EXPECT_FALSE(exists(half));
}

TEST_F(CgroupDriver, AMonitorLeavesItsCgroupToRemoveIt) {
    const std::string state = create(container.context());
    const sdk::CgroupEntry entry = driver.entry(container.context(), state, abi::CgroupRole::monitor);
    const sdk::CgroupEntry payload = driver.entry(container.context(), state, abi::CgroupRole::payload);
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    if (entry.unified) {
        arguments.flags = CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<uint64_t>(entry.unified.get());
    }
    const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid == 0) {
        for (const UniqueFd& tasks : entry.tasks)
            if (::write(tasks.get(), "0", 1) != 1) ::_exit(1);
        if (start_inside(payload) <= 0) ::_exit(2);
        try {
            undo_all();
        } catch (const Error&) {
            ::_exit(3);
        }
        ::_exit(0);
    }
    ASSERT_GT(pid, 0);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0) << "exit code " << WEXITSTATUS(status);
    for (const std::string& path : directories(Cgroups::parse(state))) EXPECT_FALSE(exists(path)) << path;
}

TEST_F(CgroupDriver, ALeftoverOfTheSameContainerIsRemovedWithItsProcesses) {
    const std::string state = create(container.context());
    const pid_t pid = start(state);
    ASSERT_GT(pid, 0);
    EXPECT_EQ(create(container.context()), state);
    EXPECT_EQ(signal_that_ended(pid), SIGKILL);
    children.clear();
}

TEST_F(CgroupDriver, ALiveContainerElsewhereIsNamedAndLeftAlone) {
    const std::string state = create_both(container.context());
    const pid_t pid = start(state);
    ASSERT_GT(pid, 0);

    test::FakePluginContext other(cat("klt", ::getpid()), "/klt-elsewhere");
    try {
        create(other.context());
        FAIL() << "took the place of a running container";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), EBUSY);
        EXPECT_NE(error.message().find(container.directory()), std::string::npos) << error.message();
        EXPECT_NE(error.hint().find("lxc.cgroup.dir"), std::string::npos);
    }
    undo_all(other);
    EXPECT_EQ(::kill(pid, 0), 0);
    for (const std::string& path : directories(Cgroups::parse(state))) EXPECT_TRUE(exists(path)) << path;
}

TEST_F(CgroupDriver, AnEmptyLeftoverOfAnybodyIsRemoved) {
    const std::string state = create_both(container.context());
    test::FakePluginContext other(cat("klt", ::getpid()), "/klt-elsewhere");
    EXPECT_EQ(create_both(other.context()), state);
    undo_all();
    for (const std::string& path : directories(Cgroups::parse(state))) EXPECT_TRUE(exists(path)) << path;
    undo_all(other);
    for (const std::string& path : directories(Cgroups::parse(state))) EXPECT_FALSE(exists(path)) << path;
}

/// What a container that is being started, or runs, listens on.
UniqueFd listen_as(const std::string& address) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path + 1, address.data(), address.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + address.size());
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0 || ::listen(fd.get(), 1) != 0) fd.reset();
    return fd;
}

TEST_F(CgroupDriver, WhatAContainerThatIsBeingStartedHasYetToEnterIsLeftToIt) {
    UniqueFd listener = listen_as(container.directory() + "/command");
    ASSERT_TRUE(listener);
    const std::string state = create_both(container.context());
    test::FakePluginContext other(cat("klt", ::getpid()), "/klt-elsewhere");
    try {
        create(other.context());
        FAIL() << "took the place of a container that is being started";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), EBUSY);
        EXPECT_NE(error.message().find(container.directory()), std::string::npos) << error.message();
        EXPECT_NE(error.hint().find("lxc.cgroup.dir"), std::string::npos);
    }
    undo_all(other);
    for (const std::string& path : directories(Cgroups::parse(state))) EXPECT_TRUE(exists(path)) << path;
    listener.reset();
    EXPECT_EQ(create_both(other.context()), state);
    undo_all(other);
}

TEST_F(CgroupDriver, OnlyWhatNobodyHasMarkedIsRemovedAsUnmarked) {
    const Cgroups cgroups = Cgroups::parse(create(container.context()));
    for (const Hierarchy& h : cgroups.hierarchies) {
        const std::string marked = h.directory(cgroups.places.limit), bare = marked + "/bare";
        EXPECT_FALSE(remove_unmarked(marked, "/klt-elsewhere/c", false)) << marked;
        EXPECT_EQ(owner_of(marked, false), container.directory()) << marked;
        ASSERT_EQ(::mkdir(bare.c_str(), 0755), 0) << bare;
        EXPECT_TRUE(remove_unmarked(bare, "/klt-elsewhere/c", false)) << bare;
        EXPECT_FALSE(exists(bare)) << bare;
        EXPECT_TRUE(remove_unmarked(bare, "/klt-elsewhere/c", false)) << bare;
    }
}

TEST_F(CgroupDriver, WhatIsInUseGetsNoMark) {
    const std::string state = create(container.context());
    const Cgroups cgroups = Cgroups::parse(state);
    ASSERT_GT(start(state), 0);
    for (const Hierarchy& h : cgroups.hierarchies) {
        const std::string path = h.directory(cgroups.places.limit);
        ASSERT_EQ(::lremovexattr(path.c_str(), "trusted.keelson"), 0) << path;
        EXPECT_FALSE(remove_unmarked(path, "/klt-elsewhere/c", false)) << path;
        EXPECT_EQ(owner_of(path, false), "") << path;
        const std::string& owner = container.directory();
        ASSERT_EQ(::lsetxattr(path.c_str(), "trusted.keelson", owner.data(), owner.size(), 0), 0) << path;
    }
}

TEST_F(CgroupDriver, NobodyEntersWhatAnotherHasTaken) {
    const std::string state = create_both(container.context());
    test::FakePluginContext other(cat("klt", ::getpid()), "/klt-elsewhere");
    ASSERT_EQ(create_both(other.context()), state);
    const Cgroups cgroups = Cgroups::parse(state);
    for (const Hierarchy& h : cgroups.hierarchies) {
        const Controls& controls = h.version == Version::one ? static_cast<const Controls&>(version1) : version2;
        sdk::CgroupEntry entry;
        const std::string path = h.directory(cgroups.places.limit);
        EXPECT_THROW(controls.enter(container.context(), path, Role::inner, entry), Error) << path;
        EXPECT_NO_THROW(controls.enter(other.context(), path, Role::inner, entry)) << path;
    }
    undo_all(other);
}

TEST_F(CgroupDriver, ExplicitPathsThatExistAreAnError) {
    const std::string top = cat("klt", ::getpid(), "_top");
    container.lines = {{"lxc.cgroup.dir.monitor", top + "/m"},
                       {"lxc.cgroup.dir.container", top + "/c"},
                       {"lxc.cgroup.dir.container.inner", "in"}};
    const Cgroups cgroups = Cgroups::parse(create(container.context()));
    for (const Hierarchy& h : cgroups.hierarchies) EXPECT_TRUE(exists(h.directory(top + "/c/in"))) << h.mount_point;
    undo_all();
    for (const Hierarchy& h : cgroups.hierarchies) EXPECT_FALSE(exists(h.directory(top))) << h.mount_point;

    const Hierarchy& first = cgroups.hierarchies.front();
    ASSERT_EQ(::mkdir(first.directory(top).c_str(), 0755), 0);
    ASSERT_EQ(::mkdir(first.directory(top + "/c").c_str(), 0755), 0);
    EXPECT_THROW(create(container.context()), Error);
    ::rmdir(first.directory(top + "/c").c_str());
    ::rmdir(first.directory(top).c_str());
}

TEST_F(CgroupDriver, FreezesAndThaws) {
    const std::string state = create(container.context());
    ASSERT_GT(start(state), 0);
    EXPECT_FALSE(driver.is_frozen(container.context(), state));
    driver.freeze(container.context(), state, true, 2000);
    EXPECT_TRUE(driver.is_frozen(container.context(), state));
    driver.freeze(container.context(), state, true, 2000);
    driver.freeze(container.context(), state, false, 2000);
    EXPECT_FALSE(driver.is_frozen(container.context(), state));
}

TEST_F(CgroupDriver, NamesTheFileThatTellsWhetherItIsFrozen) {
    const std::string state = create(container.context());
    ASSERT_GT(start(state), 0);
    const auto file = driver.frozen_file(container.context(), state);
    ASSERT_TRUE(file);
    const auto says_frozen = [&] { return sdk::trim(sdk::read_file(file->path)) != file->text; };
    EXPECT_FALSE(says_frozen());
    driver.freeze(container.context(), state, true, 2000);
    EXPECT_TRUE(says_frozen());
    driver.freeze(container.context(), state, false, 2000);
    EXPECT_FALSE(says_frozen());
}

TEST_F(CgroupDriver, AFrozenContainerIsKilledByUndo) {
    const std::string state = create(container.context());
    const pid_t pid = start(state);
    ASSERT_GT(pid, 0);
    driver.freeze(container.context(), state, true, 2000);
    undo_all();
    EXPECT_EQ(signal_that_ended(pid), SIGKILL);
    children.clear();
}

TEST_F(CgroupDriver, HandsTheContainersCgroupToItsRoot) {
    container.id_ranges = {{abi::IdKind::user, 0, 100000, 65536}, {abi::IdKind::group, 0, 100000, 65536}};
    container.root_uid = container.root_gid = 100000;
    const Cgroups cgroups = Cgroups::parse(create_both(container.context()));
    for (const Hierarchy& h : cgroups.hierarchies) {
        struct stat s {};
        for (const char* file : {"", "/cgroup.procs"}) {
            ASSERT_EQ(::stat((h.directory(cgroups.places.limit) + file).c_str(), &s), 0);
            EXPECT_EQ(s.st_uid, 100000u) << h.mount_point << file;
            EXPECT_EQ(s.st_mode & 0777, *file == '\0' ? 0775u : 0664u) << h.mount_point << file;
        }
        ASSERT_EQ(::stat(h.directory(cgroups.places.monitor).c_str(), &s), 0);
        EXPECT_EQ(s.st_uid, 0u);
    }
}

TEST_F(CgroupDriver, UnknownLimitsNameTheKey) {
    const std::string state = create(container.context());
    const bool version_1 = Cgroups::parse(state).with("memory") != nullptr;
    const char* key = version_1 ? "lxc.cgroup.memory.nosuch" : "lxc.cgroup2.memory.nosuch";
    container.lines = {{key, "1"}};
    driver.limit(container.context(), state, abi::CgroupPhase::after_setup);
    try {
        driver.limit(container.context(), state, abi::CgroupPhase::before_setup);
        FAIL() << "wrote a file that does not exist";
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), key);
        EXPECT_EQ(error.code(), ENOENT);
    }
}

TEST_F(CgroupDriver, LimitsOfVersion1GoToTheirHierarchyInTwoPhases) {
    const std::string state = create(container.context());
    const Cgroups cgroups = Cgroups::parse(state);
    if (!cgroups.with("memory") || !cgroups.with("devices")) GTEST_SKIP() << "needs memory and devices of version 1";
    container.lines = {{"lxc.cgroup.dir", "ignored"},    {"lxc.cgroup.memory.limit_in_bytes", "64M"},
                       {"lxc.cgroup.devices.deny", "a"}, {"lxc.cgroup.devices.allow", "c 1:3 rwm"},
                       {"lxc.cgroup2.memory.max", "1M"}, {"lxc.cgroup2.devices.deny", "a"}};
    driver.limit(container.context(), state, abi::CgroupPhase::before_setup);
    EXPECT_EQ(driver.read(container.context(), state, "memory.limit_in_bytes"), "67108864\n");
    EXPECT_EQ(driver.read(container.context(), state, "devices.list"), "a *:* rwm\n");
    EXPECT_TRUE(container.warned("lxc.cgroup2.memory.max"));
    driver.limit(container.context(), state, abi::CgroupPhase::after_setup);
    EXPECT_EQ(driver.read(container.context(), state, "devices.list"), "c 1:3 rwm\n");

    container.lines = {{"lxc.cgroup.nosuch.file", "1"}};
    EXPECT_THROW(driver.limit(container.context(), state, abi::CgroupPhase::before_setup), Error);
    container.lines = {{"lxc.cgroup.memory.limit_in_bytes", "many"}};
    EXPECT_THROW(driver.limit(container.context(), state, abi::CgroupPhase::before_setup), Error);
}

TEST_F(CgroupDriver, CpusetsGetWhatTheParentHas) {
    container.lines = {{"lxc.cgroup.dir", cat("klt", ::getpid(), "_dir")}};
    const std::string state = create_both(container.context());
    const Cgroups cgroups = Cgroups::parse(state);
    const Hierarchy* cpuset = cgroups.with("cpuset");
    if (!cpuset) GTEST_SKIP() << "needs cpuset of version 1";
    for (const char* file : {"/cpuset.cpus", "/cpuset.mems"})
        for (const std::string& place : {cgroups.places.limit, cgroups.places.monitor})
            EXPECT_EQ(sdk::read_file(cpuset->directory(place) + file), sdk::read_file(cpuset->base_directory() + file));
    undo_all();
    EXPECT_FALSE(exists(cpuset->directory(container.lines[0].second)));
}

TEST_F(CgroupDriver, TellsUsage) {
    const std::string state = create(container.context());
    ASSERT_GT(start(state), 0);
    const abi::CgroupUsage usage = driver.usage(container.context(), state);
    EXPECT_NE(usage.cpu_ns, UINT64_MAX);
    if (Cgroups::parse(state).with("pids")) {
        EXPECT_EQ(usage.tasks, 1u);
    }
}

TEST_F(CgroupDriver, DeviceProgramsChangeWhileTheContainerRuns) {
    Driver unified{AllControls{nullptr, &version2}};
    container.lines = {{"lxc.cgroup2.devices.deny", "a"}, {"lxc.cgroup2.devices.allow", "c 1:3 rwm"}};
    std::string state;
    try {
        state = unified.create(container.context());
    } catch (const Error& error) {
        GTEST_SKIP() << error.what();
    }
    unified.limit(container.context(), state, abi::CgroupPhase::before_setup);
    EXPECT_FALSE(exists(container.runtime_directory + "/devices"));
    unified.limit(container.context(), state, abi::CgroupPhase::after_setup);
    unified.write(container.context(), state, "devices.allow", "c 1:5 rwm");
    unified.write(container.context(), state, "devices.deny", "c 1:3 rwm");
    EXPECT_THROW(unified.write(container.context(), state, "devices.deny", "nonsense"), Error);
    const std::string text = sdk::read_file(container.runtime_directory + "/devices");
    EXPECT_EQ(text.substr(text.find('\n') + 1), "deny a\nallow c 1:3 rwm\nallow c 1:5 rwm\ndeny c 1:3 rwm\n");
}

TEST_F(CgroupDriver, AChangeOfDevicesThatWasCutOffIsKnownByItsProgram) {
    Driver unified{AllControls{nullptr, &version2}};
    container.lines = {{"lxc.cgroup2.devices.deny", "a"}, {"lxc.cgroup2.devices.allow", "c 1:9 rwm"}};
    std::string state;
    try {
        state = unified.create(container.context());
    } catch (const Error& error) {
        GTEST_SKIP() << error.what();
    }
    unified.limit(container.context(), state, abi::CgroupPhase::after_setup);
    const std::string file = container.runtime_directory + "/devices";
    const std::string before = sdk::read_file(file);
    unified.write(container.context(), state, "devices.allow", "c 1:3 rwm");
    // its program came onto the cgroup, and its file to no name
    ASSERT_EQ(::rename(file.c_str(), (file + ".new").c_str()), 0);
    runtime.write("devices", before);
    unified.write(container.context(), state, "devices.allow", "c 1:5 rwm");
    std::string text = sdk::read_file(file);
    EXPECT_EQ(text.substr(text.find('\n') + 1), "deny a\nallow c 1:9 rwm\nallow c 1:3 rwm\nallow c 1:5 rwm\n");
    // its program never came
    runtime.write("devices.new", before);
    unified.write(container.context(), state, "devices.allow", "c 1:7 rwm");
    text = sdk::read_file(file);
    EXPECT_EQ(text.substr(text.find('\n') + 1), "deny a\nallow c 1:9 rwm\nallow c 1:3 rwm\nallow c 1:5 rwm\nallow c 1:7 rwm\n");
    const Cgroups cgroups = Cgroups::parse(state);
    const uint32_t id = sdk::parse_number<uint32_t>(text.substr(0, text.find('\n'))).value_or(0);
    EXPECT_TRUE(is_attached(id, cgroups.unified()->directory(cgroups.places.limit)));
}

TEST_F(CgroupDriver, AnOrdinaryUserWithoutADelegatedCgroupGetsNone) {
    // access(2) asks for the real user
    const pid_t pid = ::fork();
    if (pid == 0) {
        container.ordinary_user = true;
        container.lines = {{"lxc.cgroup2.memory.max", "1M"}};
        if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
        const std::string state = create(container.context());
        if (!Cgroups::parse(state).hierarchies.empty() || !container.records.empty()) ::_exit(2);
        if (!container.warned("delegated")) ::_exit(3);
        const sdk::CgroupEntry entry = driver.entry(container.context(), state, abi::CgroupRole::payload);
        if (entry.unified || !entry.tasks.empty()) ::_exit(4);
        driver.limit(container.context(), state, abi::CgroupPhase::before_setup);
        ::_exit(container.warned("limits") ? 0 : 5);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0) << "exit code " << WEXITSTATUS(status);
}

}  // namespace
}  // namespace keelson::cgroup
