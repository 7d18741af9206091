#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <keelson/sdk/file.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <plugins/cgroup/common/device_program.hpp>
#include <plugins/cgroup/common/hierarchy.hpp>

namespace keelson::cgroup {
namespace {

using Lines = std::vector<std::pair<const char*, const char*>>;

DeviceRules rules_of(const Lines& lines) {
    DeviceRules rules;
    for (const auto& [verb, rule] : lines) rules.add(verb, rule);
    return rules;
}

/// A cgroup of version 2 of the test's own.
class TestCgroup {
public:
    TestCgroup() {
        for (const Hierarchy& h : find_hierarchies(sdk::read_file("/proc/self/mountinfo"), "0::/\n"))
            if (h.version == Version::two) path = h.directory(cat("klt_devices_", ::getpid()));
        if (!path.empty() && ::mkdir(path.c_str(), 0755) != 0) path.clear();
    }
    ~TestCgroup() {
        if (!path.empty()) ::rmdir(path.c_str());
    }
    std::string path;
};

/// Which of the files a process in the cgroup can open with `flags`: "ok denied ok".
std::string openable(const std::string& cgroup, int flags) {
    int result[2];
    if (::pipe(result) != 0) return "pipe";
    const pid_t child = ::fork();
    if (child == 0) {
        std::string text = sdk::try_write_file(cgroup + "/cgroup.procs", "0") == 0 ? "" : "not entered";
        for (const char* device : {"/dev/null", "/dev/zero", "/dev/full"})
            text += cat(text.empty() ? "" : " ", UniqueFd(::open(device, flags | O_CLOEXEC)) ? "ok" : "denied");
        [[maybe_unused]] const ssize_t n = ::write(result[1], text.data(), text.size());
        ::_exit(0);
    }
    ::close(result[1]);
    const UniqueFd in(result[0]);
    const std::string text = sdk::read_all(in.get(), "pipe");
    ::waitpid(child, nullptr, 0);
    return text;
}

struct Vector {
    Lines lines;
    const char* expected;
};

TEST(Devices, ProgramsDecideAsLxcs) {
    const TestCgroup cgroup;
    if (cgroup.path.empty()) GTEST_SKIP() << "needs root and a hierarchy of version 2";
    const std::vector<Vector> vectors = {
        {{{"deny", "c 1:3 rwm"}}, "denied denied denied"},
        {{{"allow", "c 1:3 rwm"}}, "ok denied denied"},
        {{{"allow", "a"}, {"deny", "c 1:3 rwm"}}, "denied ok ok"},
        {{{"deny", "a"}, {"allow", "/dev/zero rw"}, {"allow", "c 1:7 w"}}, "denied ok denied"},
        {{{"deny", "a"}, {"allow", "c *:* r"}}, "ok ok ok"},
        {{{"deny", "a"}, {"allow", "c 1:* rwm"}, {"deny", "c 1:* rwm"}}, "denied denied denied"},
        {{{"deny", "a"}, {"allow", "b *:* rwm"}}, "denied denied denied"},
        {{{"allow", "a *:* rwm"}, {"allow", "c 1:3 r"}}, "ok ok ok"},
    };
    uint32_t program = 0;
    for (const Vector& vector : vectors) {
        const DeviceRules rules = rules_of(vector.lines);
        attach_program(assemble(rules), cgroup.path, program, [&](uint32_t id) { program = id; });
        EXPECT_EQ(openable(cgroup.path, O_RDONLY), vector.expected) << vector.lines.back().second;
    }
}

TEST(Devices, DenyingOneAccessDeniesRequestsThatIncludeIt) {
    const TestCgroup cgroup;
    if (cgroup.path.empty()) GTEST_SKIP() << "needs root and a hierarchy of version 2";
    attach_program(assemble(rules_of({{"allow", "a"}, {"deny", "c 1:3 w"}})), cgroup.path, 0, [](uint32_t) {});
    EXPECT_EQ(openable(cgroup.path, O_RDONLY), "ok ok ok");
    EXPECT_EQ(openable(cgroup.path, O_RDWR), "denied ok ok");
}

TEST(Devices, MalformedRulesAreErrorsThatNameTheRule) {
    for (const char* rule : {"c 1:3 foo", "d 1:3 rwm", "c 1:3", "c 1 rwm", "c x:3 rwm", "c 1:3 rwmr", "c 1:3 rwm x", "",
                             "/dev/nonexist rw", "/dev/null", "/dev rw", "b:3 r"}) {
        DeviceRules rules;
        EXPECT_THROW(rules.add("allow", rule), Error) << rule;
        EXPECT_TRUE(rules.empty());
    }
    EXPECT_THROW(rules_of({{"deny", "/dev/null rwm"}}), Error);
    EXPECT_THROW(rules_of({{"permit", "a"}}), Error);
}

TEST(Devices, ListsThatSayNothingOfTheKindAreWarnedOf) {
    EXPECT_NE(rules_of({{"deny", "a"}}).warning(), "");
    EXPECT_NE(rules_of({{"deny", "c 1:3 rwm"}}).warning(), "");
    EXPECT_NE(rules_of({{"allow", "c 1:3 rwm"}}).warning(), "");
    EXPECT_EQ(rules_of({}).warning(), "");
    EXPECT_EQ(rules_of({{"deny", "a"}, {"allow", "c 1:3 rwm"}}).warning(), "");
    EXPECT_EQ(rules_of({{"allow", "a"}}).warning(), "");
}

}  // namespace
}  // namespace keelson::cgroup
