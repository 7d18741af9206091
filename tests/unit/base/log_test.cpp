#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <tests/support/temporary_directory.hpp>

namespace {

using namespace keelson::base;
using testing::MatchesRegex;

struct Log : testing::Test {
    ~Log() override { open_log({.program = "keelson-unit"}); }
    keelson::test::TemporaryDirectory directory;
    LogOptions options{
        .program = "lxc-start", .container = "c1", .file = directory / "log", .level = Level::info, .quiet = true};
};

TEST_F(Log, WritesLinesThatProgramsParse) {
    open_log(options);
    log_warn("the bridge\nis gone");
    EXPECT_THAT(read_file(options.file), MatchesRegex("lxc-start c1 [0-9]{14}\\.[0-9]{3} WARN     log_test - "
                                                      "log_test\\.cpp:TestBody:[0-9]+ - the bridge is gone\n"));
}

TEST_F(Log, LeavesOutWhatIsBelowItsLevel) {
    open_log(options);
    log_debug("not this");
    EXPECT_EQ(read_file(options.file), "");
    EXPECT_FALSE(log_wants(Level::debug));
    EXPECT_TRUE(log_wants(Level::info));
}

TEST_F(Log, Appends) {
    open_log(options);
    log_info("one");
    open_log(options);
    log_info("two");
    EXPECT_THAT(read_file(options.file), testing::AllOf(testing::HasSubstr("one\n"), testing::HasSubstr("two\n")));
}

TEST_F(Log, TellsErrorsOnStandardErrorToo) {
    options.quiet = false;
    open_log(options);
    testing::internal::CaptureStderr();
    log_info("for the file alone");
    log_error("for both");
    detach_log_from_stderr();
    log_error("for the file again");
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                MatchesRegex("lxc-start: c1: log_test\\.cpp: TestBody: [0-9]+ for both\n"));
}

TEST_F(Log, KeepsTheOldOneWhenTheNewCannotBeOpened) {
    open_log(options);
    EXPECT_THROW(open_log({.program = "x", .file = directory / "no/such/log"}), keelson::Error);
    log_error("still here");
    EXPECT_THAT(read_file(options.file), testing::HasSubstr("still here"));
}

}  // namespace
