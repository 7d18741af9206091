#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kernel/process/program.hpp>

namespace keelson::process {
namespace {

using testing::ElementsAre;

TEST(Program, TellsStatusAndOutput) {
    const ProgramResult result = run_program({"sh", "-c", "echo out; echo err >&2; exit 7"});
    EXPECT_EQ(result.status, 7);
    EXPECT_EQ(result.output, "out\nerr\n");
}

TEST(Program, TellsSignalsAndMissingFilesAsAShellDoes) {
    EXPECT_EQ(run_program({"sh", "-c", "kill -9 $$"}).status, 137);
    EXPECT_EQ(run_program({"/klt/no/such/program"}).status, 127);
}

TEST(Program, KeepsOnlySoMuchOutputButReadsAll) {
    const ProgramResult result = run_program({"sh", "-c", "head -c 300000 /dev/zero; exit 3"});
    EXPECT_EQ(result.status, 3);
    EXPECT_LT(result.output.size(), 64U * 1024);
}

TEST(Program, DoesNotWaitForWhatItLeavesBehind) {
    const ProgramResult result = run_program({"sh", "-c", "sleep 60 & echo $!; head -c 30000 /dev/zero; exit 5"});
    EXPECT_EQ(result.status, 5);
    const std::string pid = result.output.substr(0, result.output.find('\n'));
    EXPECT_EQ(result.output.size(), pid.size() + 1 + 30000);
    EXPECT_EQ(run_program({"kill", pid}).status, 0);  // it was still there
}

TEST(Program, ShellGetsArgumentsAndEnvironment) {
    EXPECT_EQ(run_shell("printf %s:", quoted("it's") + " b", {}).output, "it's:b:");
    EXPECT_EQ(run_shell("printenv KLT_X", "", {{"KLT_X", "1 2"}}).output, "1 2\n");
}

TEST(SplitCommand, GroupsByQuotes) {
    EXPECT_THAT(split_command("/sbin/init  'a b' c\"d e\"f ''"), ElementsAre("/sbin/init", "a b", "cd ef", ""));
    EXPECT_TRUE(split_command("  ").empty());
}

}  // namespace
}  // namespace keelson::process
