// Cgroups below cgroups, as deep and with names as long as a container likes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <plugins/cgroup/common/hierarchy.hpp>
#include <plugins/cgroup/common/tree.hpp>

namespace keelson::cgroup {
namespace {

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// With one descriptor, as paths so long cannot be given. The deepest one, or none.
UniqueFd make_deep(const std::string& top, const std::string& name, int levels) {
    if (::mkdir(top.c_str(), 0755) != 0) return {};
    UniqueFd here(::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; here && i < levels; ++i) {
        if (::mkdirat(here.get(), name.c_str(), 0755) != 0) return {};
        here.reset(::openat(here.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    return here;
}

/// A process that does nothing.
pid_t start() {
    const pid_t pid = ::fork();
    while (pid == 0) ::pause();
    return pid;
}

bool write_at(int cgroup, const char* file, std::string_view text) {
    const UniqueFd fd(::openat(cgroup, file, O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

class CgroupTree : public ::testing::Test {
protected:
    /// The unified hierarchy, and the freezer of version 1.
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
        for (const Hierarchy& h : find_hierarchies(sdk::read_file("/proc/self/mountinfo"), ""))
            if (h.version == Version::two || h.has("freezer")) tops_.push_back(h.directory(cat("klt_tree_", ::getpid())));
        if (tops_.empty()) GTEST_SKIP() << "needs cgroups";
    }
    void TearDown() override {
        for (const std::string& top : tops_) remove_killing(top, in_milliseconds(5000));
    }
    std::vector<std::string> tops_;
};

const std::string long_name(250, 'n');

}  // namespace

TEST_F(CgroupTree, PathsThatAreTooLongForTheKernelAreRemoved) {
    for (const std::string& top : tops_) {
        ASSERT_TRUE(make_deep(top, long_name, 40)) << top;
        EXPECT_FALSE(populated(top));
        EXPECT_TRUE(remove_empty(top)) << top;
        EXPECT_FALSE(exists(top));
        EXPECT_TRUE(remove_empty(top));
    }
}

TEST_F(CgroupTree, ProcessesAtTheEndOfSuchAPathAreFoundThawedAndKilled) {
    for (const std::string& top : tops_) {
        const UniqueFd deepest = make_deep(top, long_name, 40);
        ASSERT_TRUE(deepest) << top;
        const pid_t pid = start();
        ASSERT_TRUE(write_at(deepest.get(), "cgroup.procs", cat(pid))) << top;
        EXPECT_TRUE(write_at(deepest.get(), "freezer.state", "FROZEN") || write_at(deepest.get(), "cgroup.freeze", "1"));
        EXPECT_TRUE(populated(top));
        EXPECT_FALSE(remove_empty(top));
        EXPECT_TRUE(exists(top));
        // A child that has died and not been reaped is in its cgroup no longer.
        EXPECT_TRUE(remove_killing(top, in_milliseconds(5000))) << top;
        EXPECT_FALSE(exists(top));
        ::kill(pid, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(pid, &status, 0), pid);
        EXPECT_TRUE(WIFSIGNALED(status));
    }
}

TEST_F(CgroupTree, DeeperThanTheProcessHasDescriptors) {
    rlimit before{}, few{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    few = {64, before.rlim_max};
    for (const std::string& top : tops_) {
        ASSERT_TRUE(make_deep(top, "n", 700)) << top;
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
        EXPECT_TRUE(remove_empty(top)) << top;
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
        EXPECT_FALSE(exists(top));
    }
}

}  // namespace keelson::cgroup
