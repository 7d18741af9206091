#include <plugins/templates/debian/bootstrap_progress.hpp>
#include <plugins/templates/debian/os_release.hpp>

#include <gmock/gmock.h>

namespace {

using namespace keelson::templates;
using testing::ElementsAre;

std::vector<std::string> shown(std::initializer_list<const char*> output) {
    BootstrapProgress progress;
    std::vector<std::string> steps;
    for (const char* line : output)
        if (const auto step = progress.line(line)) steps.push_back(std::to_string(step->percent) + " " + step->what);
    return steps;
}

TEST(BootstrapProgress, FollowsMmdebstrap) {
    EXPECT_THAT(shown({"I: running apt-get update...", "Get:1 http://deb.debian.org/debian bookworm InRelease [151 kB]",
                       "I: downloading packages with apt...", "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.",
                       "Get:1 http://x bookworm/main amd64 libc6", "Get:2 http://x bookworm/main amd64 dash",
                       "I: installing essential packages...", "Unpacking libc6:amd64 (2.36) ...",
                       "Setting up libc6:amd64 (2.36) ...", "Processing triggers for libc-bin", "I: success in 28 seconds"}),
                ElementsAre("0 reading the package lists", "8 fetching the base packages", "14 fetching the base packages",
                            "20 fetching the base packages", "25 installing the base packages", "32 installing libc6",
                            "40 installing libc6"));
}

TEST(BootstrapProgress, FollowsDebootstrap) {
    EXPECT_THAT(
        shown({"I: Retrieving InRelease ", "I: Retrieving Packages ", "I: Retrieving libc6 2.36", "I: Retrieving dash 0.5",
               "I: Extracting libc6...", "I: Unpacking the base system...", "I: Configuring libc6..."}),
        ElementsAre("0 reading the package lists", "6 fetching packages", "30 unpacking the base packages",
                    "40 unpacking packages", "65 installing packages"));
}

TEST(BootstrapProgress, NeverGoesBackOrBeyond) {
    BootstrapProgress progress;
    progress.line("I: installing remaining packages inside the chroot...");
    progress.line("0 upgraded, 1 newly installed, 0 to remove");
    int last = 0;
    for (int i = 0; i < 20; ++i)
        if (const auto step = progress.line("Setting up a (1) ...")) {
            EXPECT_GT(step->percent, last);
            last = step->percent;
        }
    EXPECT_LE(last, 96);
    EXPECT_FALSE(progress.line("I: running apt-get update..."));
}

TEST(BootstrapProgress, KeepsTheFirstError) {
    BootstrapProgress progress;
    progress.line("E: Unable to locate package klt");
    progress.line("W: something else");
    progress.line("E: mmdebstrap failed to run");
    EXPECT_EQ(progress.error(), "Unable to locate package klt");
}

TEST(OsRelease, ReadsQuotedAndBareValues) {
    const OsRelease found = parse_os_release("PRETTY_NAME=\"Debian\"\nID=debian\nVERSION_CODENAME='bookworm'");
    EXPECT_EQ(found.id, "debian");
    EXPECT_EQ(found.codename, "bookworm");
}

}  // namespace
