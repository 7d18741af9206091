#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kernel/config/lint.hpp>
#include <tests/support/fake_keys.hpp>
#include <tests/support/temporary_directory.hpp>

namespace {

using namespace keelson;
using testing::ElementsAre;

struct Lint : testing::Test {
    /// "LINE:COLUMN e MESSAGE", without the file's name.
    std::vector<std::string> problems(std::string_view text) {
        std::vector<std::string> found;
        const std::string path = directory.write("config", text);
        for (const config::Problem& problem : config::lint(path, plugins)) {
            const std::string& place = problem.error.object();
            found.push_back(cat(place.starts_with(path + ":") ? place.substr(path.size() + 1) : place,
                                problem.warning ? " w " : " e ", problem.error.message()));
        }
        return found;
    }

    test::FakeKeys plugins;
    test::TemporaryDirectory directory;
};

TEST_F(Lint, HasNothingToSayOfAGoodFile) {
    EXPECT_THAT(problems("# fine\n\nlxc.net.0.type = veth\nlxc.net.0.flags = up\nlxc.net.0.ipv4.address = 10.0.3.5/24\n"
                         "lxc.cap.drop = chown\nlxc.cap.drop = kill\nlxc.tty.max = 4\nlxc.tty.max =\nlxc.tty.max = 5\n"
                         "lxc.cgroup2.devices.deny = a\nlxc.cgroup2.devices.allow = c 1:3 rwm\n"),
                ElementsAre());
}

TEST_F(Lint, TellsAllProblemsAtOnce) {
    EXPECT_THAT(
        problems("lxc.bogus = 1\nfoo = bar\n lxc.tty.max = many\nlxc.uts.name\nlxc.tty.max = 4\n"),
        ElementsAre("1:1 e unknown key lxc.bogus, in", "2:1 w a line that begins with neither lxc. nor keelson. is ignored, in",
                    "3:2 e expected a number from 0 to 4294967295, not \"many\", for lxc.tty.max, in",
                    "4:1 e expected \"KEY = VALUE\", found no '=' after lxc.uts.name, in"));
}

TEST_F(Lint, LooksIntoIncludedFilesToo) {
    const std::string part = directory.write("part", "\nlxc.bogus = 1\nlxc.tty.max = x\n");
    EXPECT_THAT(
        problems(cat("lxc.include = ", part, "\nlxc.include = ", directory / "none", "\nlxc.uts.nmae = a\n")),
        ElementsAre(part + ":2:1 e unknown key lxc.bogus, in",
                    part + ":3:1 e expected a number from 0 to 4294967295, not \"x\", for lxc.tty.max, in",
                    "2:1 e open the included file " + (directory / "none") + ", in", "3:1 e unknown key lxc.uts.nmae, in"));
}

TEST_F(Lint, WarnsOfWhatMeansSomethingElseThanItSays) {
    using namespace std::string_view_literals;
    EXPECT_THAT(problems("lxc.net.0.flags = down\n"), ElementsAre(testing::HasSubstr("means up")));
    EXPECT_THAT(problems("lxc.net.0.name = averyveryverylongname\n"),
                ElementsAre(testing::HasSubstr("is cut to averyveryverylo,")));
    EXPECT_THAT(problems("lxc.net.0.ipv4.address = 10.0.0.5\n"), ElementsAre(testing::HasSubstr("10.0.0.5/8")));
    EXPECT_THAT(problems("lxc.autodev.tmpfs.size = 1m\n"), ElementsAre(testing::HasSubstr("the default is used")));
    EXPECT_THAT(problems("lxc.keyring.session = 1\n"), ElementsAre(testing::HasSubstr("keeps the session keyring")));
    EXPECT_THAT(problems("lxc.rootfs.path = zfs:tank/c1\n"), ElementsAre(testing::HasSubstr("no storage plugin zfs")));
    EXPECT_THAT(problems("lxc.selinux.context = unconfined_t\n"), ElementsAre(testing::HasSubstr("no plugin")));
    EXPECT_THAT(problems("lxc.cgroup2.devices.deny = a\n"), ElementsAre(testing::HasSubstr("restricts nothing")));
    EXPECT_THAT(problems("lxc.cgroup2.devices.deny = c 1:3 rwm\n"),
                ElementsAre(testing::HasSubstr("every device that is not allowed")));
    EXPECT_THAT(problems("lxc.namespace.keep = net\n"), ElementsAre(testing::HasSubstr("makes a user namespace")));
    EXPECT_THAT(problems("lxc.namespace.keep = mnt user\n"), ElementsAre(testing::HasSubstr("no container starts")));
    EXPECT_THAT(problems("lxc.namespace.clone = net\n"), ElementsAre(testing::HasSubstr("no container starts")));
    EXPECT_THAT(problems("lxc.namespace.clone = mnt net\n"), ElementsAre());
    EXPECT_THAT(problems("lxc.uts.name = a\n\0lxc.tty.max = 3\n"sv), ElementsAre(testing::HasSubstr("NUL")));
}

TEST_F(Lint, WarnsOfLinesWithoutEffect) {
    EXPECT_THAT(problems("lxc.tty.max = 1\nlxc.tty.max = 2\n"),
                ElementsAre("2:1 w lxc.tty.max is set again, so line 1 has no effect, in"));
    EXPECT_THAT(problems("lxc.net.0.link = br0\nlxc.net.0.type = veth\n"),
                ElementsAre("2:1 w lxc.net.0.type forgets what line 1 says of the device, in"));
}

TEST_F(Lint, ThrowsWhenThereIsNoFile) { EXPECT_THROW(config::lint(directory / "none", plugins), Error); }

}  // namespace
