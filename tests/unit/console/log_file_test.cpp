#include <sys/stat.h>
#include <kernel/base/file.hpp>
#include <kernel/console/log_file.hpp>

#include <gtest/gtest.h>

#include <filesystem>

namespace {

using keelson::base::read_file;
using keelson::console::LogFile;

struct ConsoleLogFile : testing::Test {
    void TearDown() override { std::filesystem::remove_all(directory); }
    const std::string directory = testing::TempDir() + "klt-console-" + std::to_string(::getpid());
    const std::string path = directory + "/console.log";
    const bool made = std::filesystem::create_directory(directory);
};

TEST_F(ConsoleLogFile, IsAppendedToAndPrivate) {
    LogFile(path, 0, false).write("one\n");
    LogFile(path, 0, false).write("two\n");
    EXPECT_EQ(read_file(path), "one\ntwo\n");
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07137, 0U);
}

TEST_F(ConsoleLogFile, RotatesIntoOneOlderFile) {
    LogFile log(path, 4, true);
    log.write("abcdefghij");
    EXPECT_EQ(read_file(path + ".1"), "efgh");
    EXPECT_EQ(read_file(path), "ij");
    EXPECT_FALSE(std::filesystem::exists(path + ".2"));
}

TEST_F(ConsoleLogFile, BeginsAnewWithoutRotation) {
    LogFile log(path, 4, false);
    log.write("abcdef");
    EXPECT_EQ(read_file(path), "ef");
    EXPECT_FALSE(std::filesystem::exists(path + ".1"));
}

TEST_F(ConsoleLogFile, CountsWhatWasThereBefore) {
    LogFile(path, 8, true).write("abcdef");
    LogFile(path, 8, true).write("ghij");
    EXPECT_EQ(read_file(path + ".1"), "abcdefgh");
    EXPECT_EQ(read_file(path), "ij");
}

TEST_F(ConsoleLogFile, AFullDiskLosesLinesAndNothingElse) {
    LogFile log("/dev/full", 0, false);
    log.write("lost");
    log.write("lost again");
}

}  // namespace
