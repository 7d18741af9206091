#include <plugins/templates/common/child.hpp>

#include <gmock/gmock.h>
#include <signal.h>
#include <keelson/sdk/error.hpp>

namespace {

using namespace keelson::templates;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> lines_of(Child child) {
    std::vector<std::string> lines;
    child.reader = [&](std::string_view line) { lines.emplace_back(line); };
    run(child);
    return lines;
}

TEST(Child, GivesExitCodeAndSignal) {
    EXPECT_EQ(run({.argv = {"sh", "-c", "exit 7"}}), 7);
    EXPECT_EQ(run({.argv = {"sh", "-c", "kill -9 $$"}}), 128 + 9);
}

TEST(Child, CutsOutputIntoLines) {
    EXPECT_THAT(lines_of({.argv = {"printf", "a\\n\\nb\\rc"}}), ElementsAre("a", "b", "c"));
    EXPECT_THAT(lines_of({.argv = {"sh", "-c", "echo out; echo error >&2"}, .read_stderr = true}), ElementsAre("out", "error"));
    EXPECT_THAT(lines_of({.argv = {"sh", "-c", "echo error >&2"}, .quiet = true}), IsEmpty());
}

TEST(Child, ReplacesVariables) {
    EXPECT_THAT(lines_of({.argv = {"sh", "-c", "echo $PATH"}, .variables = {"PATH=/klt"}}), ElementsAre("/klt"));
}

TEST(Child, NamesAProgramThatIsMissing) {
    try {
        run({.argv = {"/nonexistent/program"}});
        FAIL();
    } catch (const keelson::Error& error) {
        EXPECT_EQ(error.code(), ENOENT);
        EXPECT_EQ(error.object(), "/nonexistent/program");
    }
}

TEST(Child, EndsTheProgramWhenItsReaderGivesUp) {
    Child child{.argv = {"sh", "-c", "echo line; exec sleep 60"}};
    child.reader = [](std::string_view line) { throw keelson::Error(0, std::string(line), "unwanted"); };
    EXPECT_THROW(run(child), keelson::Error);
}

/// As whoever started us may have left it: then nobody learns how a child has ended.
TEST(Child, IsNoSuccessWhenItsEndCannotBeLearned) {
    const auto before = ::signal(SIGCHLD, SIG_IGN);
    EXPECT_THROW(run({.argv = {"true"}}), keelson::Error);
    ::signal(SIGCHLD, before);
}

TEST(FindProgram, TakesOnlyWhatCanBeRun) {
    EXPECT_EQ(find_program("/etc/passwd"), "");
    EXPECT_EQ(find_program("no-such-program-klt"), "");
    EXPECT_TRUE(find_program("sh").ends_with("/sh"));
}

}  // namespace
