#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <plugins/lsm/seccomp/cache.hpp>
#include <plugins/lsm/seccomp/compile.hpp>
#include <plugins/lsm/seccomp/module.hpp>
#include <plugins/lsm/seccomp/policy.hpp>
#include <tests/support/fake_plugin_context.hpp>
#include <tests/support/sanitized.hpp>
#include <tests/support/temporary_directory.hpp>

#include <filesystem>
#include <fstream>
#include <functional>

namespace keelson::seccomp {
namespace {

std::string program(const std::string& text) {
    return compile(parse_policy(text, "policy"), "policy", [](const std::string&) {});
}

/// The object of the error, or "" if the policy is good.
std::string refused(const std::string& text) {
    try {
        return program(text).empty() ? "empty program" : "";
    } catch (const Error& error) {
        return error.object().empty() ? "no object" : error.object();
    }
}

/// Exit code of `body` in a child under the program; 1000 + signal if it was killed.
int under(const std::string& bytes, const std::function<int()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        test::FakePluginContext container("c");
        try {
            Module().confine(container.context(), bytes, -1);
        } catch (const Error&) {
            ::_exit(99);
        }
        ::_exit(body());
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

int error_of_mkdir() { return ::syscall(SYS_mkdir, "/nonexistent/klt", 0700) == 0 ? 0 : errno; }
int error_of_mknod(mode_t mode) { return ::syscall(SYS_mknod, "/nonexistent/klt", mode, 0) == 0 ? 0 : errno; }

TEST(SeccompPolicy, Version2Vectors) {
    const std::pair<const char*, bool> vectors[] = {
        {"denylist\nnosuchcall\n", true},
        {"denylist\nread allow\n", false},
        {"allowlist allow\nread\n", false},
        {"denylist \n", false},
        {"denylist foo\n", false},
        {"DENYLIST\n", false},
        {"denylistxyz\nmknod\n", true},
        {"blacklist\nmknod\n", true},
        {"whitelist errno 1\nread\n", true},
        {"denylist debug\n", false},
        {"denylist\n read\n", false},
        {"denylist\n[foo]\n", false},
        {"denylist\n[X86]\nmknod\n", true},
        {"denylist\n[x86_64]\nmknod\n[All]\n", false},
        {"denylist\n[all] # x\n", false},
        {"denylist\n[arm]\ngarbage zzz\n", true},
        {"denylist\n[arm]\ngarbage zzz\n[all]\nmknod zzz\n", false},
        {"denylist\nmknod errno 0\n", true},
        {"denylist\nmknod errno\n", false},
        {"denylist\nmknod errno 1 [1,0x1000,SCMP_CMP_MASKED_EQ,0xf000]\n", true},
        {"denylist\nmknod errno 1 [1,1,==] [2,0,!=]\n", true},
        {"denylist\nmknod [1,1,==]\n", false},
        {"denylist\nmknod errno 1 [1, 1, ==]\n", false},
        {"denylist\nmknod errno 1 [6,1,==]\n", false},
        {"denylist\nmknod errno 1 [1,1,=~]\n", false},
        {"denylist\nmknod errno 1 [1,1\n", false},
        {"denylist\nmknod kill_process\n", true},
        {"denylist\nmknod notifyx\n", true},
        {"denylist\nmknod log\n", false},
        {"denylist\nmknod\tkill\n", true},
        {"denylist\nreject_force_umount errno 5\n", true},
        {"denylist\nreject_force_umount  # comment this to allow umount -f\n", true},
        {"denylist\nmknod errno 1\nmknod errno 2\n", true},
        {"denylist\n\n# a comment\nmknod\n", true},
    };
    for (const auto& [text, good] : vectors) EXPECT_EQ(refused(cat("2\n", text)).empty(), good) << text;
    EXPECT_EQ(refused("\n\n2\ndenylist\nmknod\n"), "");
    EXPECT_EQ(refused("2 denylist\nmknod\n"), "");
    EXPECT_NE(refused("3\ndenylist\n"), "");
    EXPECT_NE(refused(""), "");
    EXPECT_NE(refused("2"), "");
}

TEST(SeccompPolicy, Version1Vectors) {
    EXPECT_EQ(refused("1\nallowlist\n0\n1\n60 exit\n"), "");
    EXPECT_NE(refused("1\nwhitelist\n0\n"), "");
    EXPECT_NE(refused("1\nallowlist debug\n0\n"), "");
    EXPECT_NE(refused("1\nallowlist\n\n0\n"), "");
    EXPECT_NE(refused("1\nallowlist\nread\n"), "");
}

TEST(SeccompPolicy, ErrorsNameTheLine) {
    EXPECT_EQ(refused("2\ndenylist\nmknod\nmkdir log\n"), "policy:4");
    EXPECT_EQ(refused("\n2\ndenylist\n\nread allow\n"), "policy:5");
    EXPECT_EQ(refused("1\nallowlist\n0\nx\n"), "policy:4");
}

TEST(SeccompProgram, DeniesWhatADenylistNames) {
    const std::string bytes = program("2\ndenylist\nmkdir errno 42\n[all]\nreject_force_umount\n");
    EXPECT_EQ(under(bytes, error_of_mkdir), 42);
    EXPECT_EQ(under(bytes, [] { return error_of_mknod(S_IFREG); }), ENOENT);
    EXPECT_EQ(under(bytes, [] { return ::umount2("/nonexistent/klt", MNT_FORCE) == 0 ? 0 : errno; }), EACCES);
    EXPECT_NE(under(bytes, [] { return ::umount2("/nonexistent/klt", 0) == 0 ? 0 : errno; }), EACCES);
}

TEST(SeccompProgram, ConditionsHaveToHoldAll) {
    const std::string masked = program("2\ndenylist\nmknod errno 42 [1,0x2000,SCMP_CMP_MASKED_EQ,0xf000]\n");
    EXPECT_EQ(under(masked, [] { return error_of_mknod(S_IFCHR | 0600); }), 42);
    EXPECT_EQ(under(masked, [] { return error_of_mknod(S_IFREG | 0600); }), ENOENT);
    const std::string both = program("2\ndenylist\nmknod errno 42 [1,0100000,==] [2,1,>=]\n");
    EXPECT_EQ(under(both, [] { return error_of_mknod(S_IFREG); }), ENOENT);
}

TEST(SeccompProgram, KillIsDeathBySigsys) {
    EXPECT_EQ(under(program("2\ndenylist\nmkdir\n"), error_of_mkdir), 1000 + SIGSYS);
    if (test::sanitized) GTEST_SKIP() << "a sanitizer makes system calls of its own";
    EXPECT_EQ(under(program("2\nallowlist errno 7\nexit_group\n"), error_of_mkdir), 7);
}

TEST(SeccompProgram, ASectionOfACompatibleArchitectureActsOnNativeProcesses) {
    EXPECT_EQ(under(program("2\ndenylist\n[x86]\nmkdir errno 5\n"), error_of_mkdir), 5);
}

TEST(SeccompProgram, TheFirstOfTwoRulesStays) {
    const int error = under(program("2\ndenylist\nmkdir errno 3\nmkdir errno 4\n"), error_of_mkdir);
    EXPECT_TRUE(error == 3 || error == 4) << error;
}

TEST(SeccompProgram, Version1AllowsByNumber) {
    if (test::sanitized) GTEST_SKIP() << "a sanitizer makes system calls of its own";
    const std::string bytes = program(cat("1\nallowlist\n", SYS_exit_group, " exit\n", SYS_getpid, "\n"));
    EXPECT_EQ(under(bytes, [] { return ::getpid() > 0 ? 0 : 1; }), 0);
    EXPECT_EQ(under(bytes, error_of_mkdir), 1000 + SIGSYS);
}

class SeccompModule : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(::mkdir((directory / "keelson").c_str(), 0700), 0);
        container.runtime_directory = directory / "keelson/lxc/c";
        container.lines = {{"lxc.seccomp.profile", directory / "policy"}};
        write("2\ndenylist\nmkdir errno 42\n");
    }
    void write(const std::string& text) { std::ofstream(directory / "policy") << text; }
    std::string cache() { return directory / "keelson/cache/seccomp"; }

    test::TemporaryDirectory directory;
    test::FakePluginContext container{"c"};
    Module module;
};

TEST_F(SeccompModule, IsWantedOnlyWithAPolicy) {
    if (::prctl(PR_GET_SECCOMP) != 0) GTEST_SKIP() << "the test itself is confined by seccomp";
    EXPECT_TRUE(module.check(container.context()));
    container.lines.clear();
    EXPECT_FALSE(module.check(container.context()));
}

TEST_F(SeccompModule, AConfinedStarterLeavesThePolicyOut) {
    const std::string all_allowed = program("2\ndenylist\nmkdir errno 42\n");
    const auto wanted = [&] { return module.check(container.context()) ? 1 : 0; };
    EXPECT_EQ(under(all_allowed, wanted), 0);
    container.lines.emplace_back("lxc.seccomp.allow_nesting", "1");
    EXPECT_EQ(under(all_allowed, wanted), 1);
}

TEST_F(SeccompModule, KeepsProgramsByContent) {
    const std::string first = module.prepare(container.context());
    EXPECT_EQ(under(first, error_of_mkdir), 42);
    EXPECT_EQ(module.prepare(container.context()), first);
    // what stands in the cache is what is loaded: the library is not asked again
    for (const auto& entry : std::filesystem::directory_iterator(cache()))
        std::ofstream(entry.path(), std::ios::app) << "12345678";
    EXPECT_EQ(module.prepare(container.context()), first + "12345678");
    write("2\ndenylist\nmkdir errno 43\n");
    EXPECT_EQ(under(module.prepare(container.context()), error_of_mkdir), 43);
    write("2\ndenylist\nmkdir errno 42\n");
    EXPECT_EQ(module.prepare(container.context()), first + "12345678");
}

TEST_F(SeccompModule, ACacheThatOthersCouldWriteIsNotUsed) {
    module.prepare(container.context());
    ASSERT_EQ(::access(cache().c_str(), F_OK), 0);
    ASSERT_EQ(::chmod(cache().c_str(), 0777), 0);
    const Cache open(cache());
    open.keep("policy", "12345678");
    EXPECT_FALSE(open.find("policy"));
    ASSERT_EQ(::chmod(cache().c_str(), 0700), 0);
    const Cache closed(cache());
    EXPECT_FALSE(closed.find("policy"));
    closed.keep("policy", "12345678");
    EXPECT_EQ(closed.find("policy"), "12345678");
}

TEST_F(SeccompModule, ADamagedEntryIsNotUsed) {
    const Cache cache_of_test(cache());
    cache_of_test.keep("policy", "1234567");
    EXPECT_FALSE(cache_of_test.find("policy"));
    EXPECT_FALSE(Cache("").find("policy"));
}

TEST_F(SeccompModule, AMissingFileIsNamed) {
    container.lines = {{"lxc.seccomp.profile", "/nonexistent/policy"}};
    try {
        module.prepare(container.context());
        FAIL() << "prepared without a policy";
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "/nonexistent/policy");
        EXPECT_EQ(error.code(), ENOENT);
    }
}

TEST_F(SeccompModule, NotifyWithoutAProxyIsWarnedOfAndWithOneThatDoesNotListenRefused) {
    write("2\ndenylist\nmkdir notify\n");
    EXPECT_TRUE(notifies(module.prepare(container.context())));
    EXPECT_TRUE(container.warned("notify"));
    container.lines.emplace_back("lxc.seccomp.notify.proxy", "unix:/run/proxy");
    EXPECT_THROW(module.prepare(container.context()), Error);
    container.lines.back().second = "tcp:1.2.3.4";
    EXPECT_THROW(module.check(container.context()), Error);
}

TEST_F(SeccompModule, AStateThatIsNoProgramIsRefused) {
    EXPECT_THROW(module.confine(container.context(), "", -1), Error);
    EXPECT_THROW(module.confine(container.context(), "1234567", -1), Error);
}

}  // namespace
}  // namespace keelson::seccomp
