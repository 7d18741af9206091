#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <plugins/lsm/landlock/module.hpp>
#include <plugins/lsm/landlock/ruleset.hpp>
#include <tests/support/fake_plugin_context.hpp>
#include <tests/support/temporary_directory.hpp>

#include <fstream>
#include <functional>

namespace keelson::landlock {
namespace {

class Landlock : public ::testing::Test {
protected:
    void SetUp() override {
        for (const char* name : {"ro", "rw", "data", "other"}) ASSERT_EQ(::mkdir((directory / name).c_str(), 0700), 0);
        for (const char* name : {"ro/file", "rw/file", "data/file", "other/file"}) {
            std::ofstream(directory / name) << "#!/bin/true\n";
            ASSERT_EQ(::chmod((directory / name).c_str(), 0700), 0);
        }
    }
    void set(const std::string& key, const std::string& value) {
        container.lines.emplace_back("keelson.lsm.landlock." + key, value);
    }

    /// Exit code of `body` in a child that is confined as the configuration says; 99 if it could not be.
    int confined(const std::function<int()>& body) {
        if (!module.check(container.context())) return 98;
        const std::string state = module.prepare(container.context());
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            try {
                module.confine(container.context(), state, -1);
            } catch (const Error&) {
                ::_exit(99);
            }
            ::_exit(body());
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
    }
    int error_of_open(const std::string& name, int flags) {
        return UniqueFd(::open((directory / name).c_str(), flags | O_CLOEXEC, 0600)) ? 0 : errno;
    }

    test::TemporaryDirectory directory;
    test::FakePluginContext container{"c"};
    Module module;
};

TEST_F(Landlock, IsWantedOnlyWithRules) { EXPECT_FALSE(module.check(container.context())); }

TEST_F(Landlock, GrantsWhatItNamesAndDeniesTheRest) {
    if (kernel_abi() < 1) GTEST_SKIP() << "the kernel has no landlock";
    set("ro", directory / "ro");
    set("rw", directory / "rw");
    set("data", directory / "data/file");
    EXPECT_EQ(confined([&] { return error_of_open("ro/file", O_RDONLY); }), 0);
    EXPECT_EQ(confined([&] { return error_of_open("ro/file", O_WRONLY); }), EACCES);
    EXPECT_EQ(confined([&] { return error_of_open("ro/new", O_WRONLY | O_CREAT); }), EACCES);
    EXPECT_EQ(confined([&] { return error_of_open("rw/file", O_RDWR); }), 0);
    EXPECT_EQ(confined([&] { return error_of_open("rw/new", O_WRONLY | O_CREAT); }), 0);
    EXPECT_EQ(confined([&] { return error_of_open("data/file", O_RDWR); }), 0);
    EXPECT_EQ(confined([&] { return error_of_open("other/file", O_RDONLY); }), EACCES);
    EXPECT_EQ(confined([&] { return ::execl((directory / "data/file").c_str(), "file", nullptr) == 0 ? 0 : errno; }), EACCES);
}

TEST_F(Landlock, FollowsNoLinkThatAProcessMayHavePut) {
    if (kernel_abi() < 1) GTEST_SKIP() << "the kernel has no landlock";
    ASSERT_EQ(::symlink((directory / "other").c_str(), (directory / "rw/link").c_str()), 0);
    ASSERT_EQ(::symlink((directory / "other").c_str(), (directory / "link").c_str()), 0);
    const auto refused = [&](const std::string& key, const std::string& path) {
        container.lines.clear();
        set("rw", directory / "rw");
        set(key, directory / path);
        try {
            module.confine(container.context(), module.prepare(container.context()), -1);
        } catch (const Error& error) {
            EXPECT_EQ(error.object(), directory / path);
            EXPECT_NE(error.hint(), "") << path;
            return error.code() == ELOOP;
        }
        return false;
    };
    // in a child each, as what is not refused confines
    const auto refused_in_child = [&](const std::string& key, const std::string& path) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            ::_exit(refused(key, path) && !::testing::Test::HasFailure() ? 1 : 0);
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 1;
    };
    EXPECT_TRUE(refused_in_child("data", "rw/link"));
    EXPECT_TRUE(refused_in_child("rw", "rw/link/file"));
    EXPECT_TRUE(refused_in_child("rw", "link"));
    EXPECT_TRUE(refused_in_child("ro", "rw/link"));
    EXPECT_TRUE(refused_in_child("ro", "ro/..//rw/./link"));
    EXPECT_FALSE(refused_in_child("ro", "link"));
    EXPECT_FALSE(refused_in_child("data", "rw/file"));
}

TEST_F(Landlock, ALinkToWhatMayOnlyBeReadIsFollowed) {
    if (kernel_abi() < 1) GTEST_SKIP() << "the kernel has no landlock";
    ASSERT_EQ(::symlink("ro", (directory / "link").c_str()), 0);
    set("ro", directory / "link");
    set("rw", directory / "rw");
    EXPECT_EQ(confined([&] { return error_of_open("ro/file", O_RDONLY); }), 0);
    EXPECT_EQ(confined([&] { return error_of_open("ro/file", O_WRONLY); }), EACCES);
}

TEST_F(Landlock, LimitsPorts) {
    if (kernel_abi() < 4) GTEST_SKIP() << "the kernel's landlock knows no ports";
    set("bind", "none");
    const auto error_of_bind = [] {
        const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
    };
    EXPECT_EQ(confined(error_of_bind), EACCES);
    EXPECT_EQ(confined([&] { return error_of_open("other/file", O_RDWR); }), 0);
    set("bind", "0");
    EXPECT_EQ(confined(error_of_bind), 0);
}

TEST_F(Landlock, ScopesSignals) {
    if (kernel_abi() < 6) GTEST_SKIP() << "the kernel's landlock knows no scopes";
    set("scope", "signal abstract-unix");
    EXPECT_EQ(confined([] { return ::kill(::getppid(), 0) == 0 ? 0 : errno; }), EPERM);
}

TEST_F(Landlock, AMissingPathIsNamed) {
    if (kernel_abi() < 1) GTEST_SKIP() << "the kernel has no landlock";
    set("ro", "/nonexistent/klt");
    try {
        module.confine(container.context(), module.prepare(container.context()), -1);
        FAIL() << "granted a path that is not there";
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "/nonexistent/klt");
        EXPECT_EQ(error.code(), ENOENT);
    }
}

TEST_F(Landlock, BadValuesNameTheKey) {
    for (const auto& [name, value] :
         {std::pair{"ro", "usr"}, {"bind", "70000"}, {"connect", "http"}, {"scope", "everything"}}) {
        container.lines.clear();
        set(name, value);
        try {
            module.check(container.context());
            FAIL() << name << " = " << value;
        } catch (const Error& error) {
            EXPECT_EQ(error.object(), cat("keelson.lsm.landlock.", name));
        }
    }
}

TEST(LandlockWishes, TextAndBack) {
    Wishes wishes;
    wishes.paths = {{Grant::ro, "/usr"}, {Grant::rw, "/a b"}, {Grant::data, "/srv"}};
    wishes.limits_bind = wishes.limits_connect = wishes.scope_signals = true;
    wishes.bind = {80, 443};
    const Wishes again = Wishes::parse(wishes.text());
    EXPECT_EQ(again.text(), wishes.text());
    EXPECT_TRUE(again.limits_connect);
    EXPECT_FALSE(again.scope_sockets);
    EXPECT_EQ(again.needed_abi(), 6);
    EXPECT_TRUE(Wishes::parse("").empty());
}

}  // namespace
}  // namespace keelson::landlock
