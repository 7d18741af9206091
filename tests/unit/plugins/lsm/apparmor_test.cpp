#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>
#include <plugins/lsm/apparmor/module.hpp>
#include <plugins/lsm/apparmor/profile_text.hpp>
#include <tests/support/fake_plugin_context.hpp>
#include <tests/support/temporary_directory.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

namespace keelson::apparmor {
namespace {

namespace fs = std::filesystem;

/// Does AppArmor's pattern {A[^xy]**,...} below `top` match? Enough of its language for everything_but.
bool matches(const std::string& pattern, const std::string& top, const std::string& path) {
    if (!path.starts_with(top)) return false;
    const std::string rest = path.substr(top.size());
    std::string inner = pattern.substr(top.size() + 1, pattern.size() - top.size() - 2);
    for (size_t at = 0; at < inner.size();) {
        const size_t open = inner.find("[^", at), close = inner.find(']', open), comma = inner.find(',', close);
        const std::string literal = inner.substr(at, open - at), chars = inner.substr(open + 2, close - open - 2);
        if (rest.starts_with(literal) && rest.size() > literal.size() && chars.find(rest[literal.size()]) == std::string::npos)
            return true;
        at = comma == std::string::npos ? inner.size() : comma + 1;
    }
    return false;
}

TEST(AppArmorProfile, EverythingButLeavesOutWhatIsKept) {
    const std::string top = "/proc/sys/";
    const std::string pattern = everything_but(top, {"kernel/hostname", "kernel/msg*", "net", "fs/binfmt_misc"});
    for (const char* kept :
         {"kernel/hostname", "kernel/msgmax", "kernel/msg", "net/ipv4/ip_forward", "net", "fs/binfmt_misc/register"})
        EXPECT_FALSE(matches(pattern, top, top + kept)) << kept;
    for (const char* denied : {"kernel/core_pattern", "kernel/hostname2", "kernel/modprobe", "vm/swappiness", "network", "n/x",
                               "fs/file-max", "kernel/x", "a"})
        EXPECT_TRUE(matches(pattern, top, top + denied)) << denied;
}

TEST(AppArmorProfile, CompilesInEveryForm) {
    const std::string features = "/usr/share/apparmor-features/features";
    if (::access("/sbin/apparmor_parser", X_OK) != 0 || ::access(features.c_str(), R_OK) != 0)
        GTEST_SKIP() << "needs apparmor_parser and the features of a kernel that has AppArmor";
    test::TemporaryDirectory directory;
    for (unsigned bits = 0; bits < 8; ++bits) {
        const std::string file = directory / "profile";
        std::ofstream(file) << profile_text({"lxc-klt_</var/lib/lxc>",
                                             bits & 1 ? "lxc-klt_<-var-lib-lxc>" : "",
                                             (bits & 2) != 0,
                                             (bits & 4) != 0,
                                             {"deny /secret r,", "mount fstype=ext4,"}});
        const std::string command = cat("/sbin/apparmor_parser -Q -K -q --policy-features ", features, " --kernel-features ",
                                        features, " -o ", directory / "compiled", " ", file);
        EXPECT_EQ(::system(command.c_str()), 0) << "form " << bits;
    }
}

TEST(AppArmorProfile, NestingAndUserNamespacesLoosenIt) {
    const std::string tight = profile_text({"p", "", false, false, {}});
    EXPECT_NE(tight.find("deny /sys/k*"), std::string::npos);
    EXPECT_EQ(tight.find("pivot_root"), std::string::npos);
    EXPECT_EQ(tight.find("  mount,\n"), std::string::npos);
    const std::string nested = profile_text({"p", "", true, false, {}});
    EXPECT_NE(nested.find("  mount,\n"), std::string::npos);
    EXPECT_NE(nested.find("change_profile -> \"p\""), std::string::npos);
    EXPECT_NE(profile_text({"p", "", false, true, {}}).find("pivot_root"), std::string::npos);
}

/// A host with AppArmor made of plain files.
class AppArmorModule : public ::testing::Test {
protected:
    void SetUp() override {
        fs::create_directories(root / "security/features/mount");
        fs::create_directories(root / "security/features/domain");
        fs::create_directories(root / "proc/attr");
        fs::create_directories(root / "proc/ns");
        write("enabled", "Y\n");
        write("security/features/mount/mask", "mount umount\n");
        write("security/profiles", "lxc-container-default-cgns (enforce)\nmine (enforce)\n");
        write("proc/attr/current", "unconfined\n");
        write("proc/ns/cgroup", "");
        write("parser", "");
        ASSERT_EQ(::chmod((root / "parser").c_str(), 0700), 0);
    }
    void write(const std::string& name, const std::string& text) { std::ofstream(root / name) << text; }
    void profile(const std::string& value) { container.lines = {{"lxc.apparmor.profile", value}}; }
    bool wanted() { return module().check(container.context()); }
    std::string state() { return module().prepare(container.context()); }
    int refused() {
        try {
            wanted();
        } catch (const Error& error) {
            return error.code();
        }
        return 0;
    }
    Module module() { return Module({root / "enabled", root / "security", root / "proc", root / "parser"}); }

    test::TemporaryDirectory root;
    test::FakePluginContext container{"c", "/klt"};
};

TEST_F(AppArmorModule, IsIgnoredWithoutAppArmor) {
    write("enabled", "N\n");
    for (const char* value : {"", "unconfined", "generated", "nosuch"}) {
        profile(value);
        EXPECT_FALSE(wanted()) << value;
    }
    fs::remove(root / "enabled");
    EXPECT_FALSE(wanted());
}

TEST_F(AppArmorModule, AGivenLabelIsTheStateToConfineWith) {
    Module own = module();
    sdk::SecurityModuleBridge bridge(own);
    abi::Plugin& plugin = static_cast<abi::SecurityModule&>(bridge);
    auto* const labels = static_cast<abi::SecurityLabel*>(plugin.interface(sdk::to_abi(sdk::SecurityLabel::id)));
    ASSERT_NE(labels, nullptr);
    sdk::StringCollector state;
    sdk::ErrorCollector errors;
    EXPECT_EQ(labels->state_of(sdk::to_abi("mine"), &state, &errors), 0);
    EXPECT_EQ(state.first(), "required mine");
}

TEST_F(AppArmorModule, NeutralValuesChangeNothing) {
    for (const char* value : {"unconfined", "unchanged"}) {
        profile(value);
        EXPECT_FALSE(wanted()) << value;
    }
    write("proc/attr/current", "/usr/bin/lxc-start (enforce)\n");
    profile("unconfined");
    EXPECT_EQ(state(), "required unconfined");
}

TEST_F(AppArmorModule, TheDefaultDependsOnTheHost) {
    EXPECT_EQ(state(), "required lxc-container-default-cgns");
    fs::remove(root / "proc/ns/cgroup");
    write("security/profiles", "lxc-container-default (enforce)\n");
    EXPECT_EQ(state(), "required lxc-container-default");
    write("security/profiles", "");
    fs::remove(root / "parser");
    EXPECT_EQ(refused(), ENOENT);
    container.ordinary_user = true;
    EXPECT_EQ(state(), "optional lxc-container-default");
}

TEST_F(AppArmorModule, NamedProfilesHaveToBeLoaded) {
    profile("mine");
    EXPECT_EQ(state(), "required mine");
    profile("nosuch");
    EXPECT_EQ(refused(), ENOENT);
    // who may not see the list is told when the process changes to it
    fs::remove(root / "security/profiles");
    EXPECT_EQ(state(), "required nosuch");
}

TEST_F(AppArmorModule, AKernelThatDoesNotMediateMountsHasToBeAccepted) {
    fs::remove(root / "security/features/mount/mask");
    profile("mine");
    EXPECT_EQ(refused(), ENOTSUP);
    container.lines.emplace_back("lxc.apparmor.allow_incomplete", "1");
    EXPECT_EQ(refused(), 0);
}

TEST_F(AppArmorModule, AConfinedStarterHandsItsConfinementOn) {
    write("proc/attr/current", "docker-default (enforce)\n");
    container.lines.clear();
    EXPECT_FALSE(wanted());
    profile("docker-default");
    EXPECT_FALSE(wanted());
    profile("mine");
    EXPECT_EQ(refused(), EPERM);
}

TEST_F(AppArmorModule, GeneratedNeedsRootAndTheParser) {
    profile("generated");
    EXPECT_TRUE(wanted());
    container.ordinary_user = true;
    EXPECT_EQ(refused(), EPERM);
    container.ordinary_user = false;
    fs::remove(root / "parser");
    EXPECT_EQ(refused(), ENOENT);
}

std::string namespace_record(const std::string& profile, const std::string& flat) {
    char hash[17];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(sdk::fnv1a(profile)));
    return cat("namespace ", flat, flat.empty() ? "" : "-", hash);
}

TEST_F(AppArmorModule, PathsThatDifferInASlashShareNoNamespace) {
    Module own = module();
    test::FakePluginContext deep("c", "/srv/a/b"), flat("c", "/srv/a-b");
    const std::string of_deep = namespace_record("lxc-c_</srv/a/b>", "lxc-c_<-srv-a-b>");
    const std::string of_flat = namespace_record("lxc-c_</srv/a-b>", "lxc-c_<-srv-a-b>");
    const auto directory = [&](const std::string& record) {
        return root / ("security/policy/namespaces/" + record.substr(std::string("namespace ").size()));
    };
    for (const std::string& record : {of_deep, of_flat}) fs::create_directories(directory(record));
    EXPECT_THROW(own.undo(flat.context(), of_deep, sdk::Namespaces(nullptr)), Error);
    own.undo(flat.context(), of_flat, sdk::Namespaces(nullptr));
    EXPECT_TRUE(fs::exists(directory(of_deep)));
    EXPECT_FALSE(fs::exists(directory(of_flat)));
    own.undo(deep.context(), of_deep, sdk::Namespaces(nullptr));
    EXPECT_FALSE(fs::exists(directory(of_deep)));
}

TEST_F(AppArmorModule, LongNamesAreHashed) {
    write("security/.remove", "");
    for (const size_t length : {size_t{225}, size_t{226}, size_t{240}, size_t{1000}}) {
        const std::string path = "/" + std::string(length - 10, 'p');
        test::FakePluginContext it("c", path);
        const std::string profile = cat("lxc-c_<", path, '>'), flat = cat("lxc-c_<-", path.substr(1), '>');
        const std::string record = namespace_record(profile, flat.size() + 17 > 246 ? "" : flat);
        EXPECT_LE(record.size() - std::string("namespace ").size(), 246u);
        EXPECT_NO_THROW(module().undo(it.context(), record, sdk::Namespaces(nullptr))) << length;
    }
}

TEST_F(AppArmorModule, UndoTouchesOnlyTheContainersOwn) {
    Module own = module();
    write("security/.remove", "");
    own.undo(container.context(), "profile lxc-c_</klt>", sdk::Namespaces(nullptr));
    EXPECT_EQ(sdk::read_file(root / "security/.remove"), "lxc-c_</klt>");
    own.undo(container.context(), namespace_record("lxc-c_</klt>", "lxc-c_<-klt>"), sdk::Namespaces(nullptr));
    EXPECT_THROW(own.undo(container.context(), "profile mine", sdk::Namespaces(nullptr)), Error);
    EXPECT_THROW(own.undo(container.context(), "namespace ..", sdk::Namespaces(nullptr)), Error);
}

/// On a kernel that has AppArmor: a profile is made, loaded, entered and removed.
TEST(AppArmorHost, AGeneratedProfileConfines) {
    const Host host;
    if (::geteuid() != 0 || !host.enabled() || !host.has_parser()) GTEST_SKIP() << "needs root and a kernel with AppArmor";
    test::TemporaryDirectory lxcpath;
    fs::create_directory(lxcpath / "c");
    test::FakePluginContext container("c", lxcpath.path());
    container.lines = {{"lxc.apparmor.profile", "generated"}, {"lxc.apparmor.raw", "deny /etc/passwd r,"}};
    Module module;
    ASSERT_TRUE(module.check(container.context()));
    const std::string state = module.prepare(container.context());
    const std::string profile = cat("lxc-c_<", lxcpath.path(), '>');
    EXPECT_EQ(host.is_loaded(profile), true);

    const auto confined = [&](const std::function<int()>& body) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            const UniqueFd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            try {
                module.confine(container.context(), state, proc.get());
            } catch (const Error& error) {
                ::dprintf(2, "%s\n", error.what());
                ::_exit(99);
            }
            ::_exit(body());
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
    };
    const auto error_of_open = [](const char* path, int flags) {
        return UniqueFd(::open(path, flags | O_CLOEXEC)) ? 0 : errno;
    };
    EXPECT_EQ(confined([&] { return error_of_open("/etc/hostname", O_RDONLY); }), 0);
    EXPECT_EQ(confined([&] { return error_of_open("/etc/passwd", O_RDONLY); }), EACCES);
    EXPECT_EQ(confined([&] { return error_of_open("/proc/sysrq-trigger", O_WRONLY); }), EACCES);
    EXPECT_EQ(confined([&] { return error_of_open("/proc/sys/kernel/core_pattern", O_WRONLY); }), EACCES);
    EXPECT_EQ(confined([&] { return error_of_open("/proc/sys/kernel/hostname", O_WRONLY); }), 0);
    EXPECT_EQ(confined([&] { return ::kill(::getpid(), 0) == 0 ? 0 : errno; }), 0);

    for (const std::string& record : container.records) module.undo(container.context(), record, sdk::Namespaces(nullptr));
    for (const std::string& record : container.records) module.undo(container.context(), record, sdk::Namespaces(nullptr));
    EXPECT_EQ(host.is_loaded(profile), false);
}

}  // namespace
}  // namespace keelson::apparmor
