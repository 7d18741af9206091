#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <kernel/base/file.hpp>
#include <tests/support/temporary_directory.hpp>

namespace {

using namespace keelson::base;
using keelson::Error;
using keelson::UniqueFd;

struct File : testing::Test {
    keelson::test::TemporaryDirectory directory;
};

TEST_F(File, ReadsWhatWasWritten) {
    const std::string path = directory / "file";
    const std::string text = std::string(10'000, 'x') + std::string(1, '\0') + "end";
    write_fd(open_file(path, O_WRONLY | O_CREAT, 0600).get(), text, path);
    EXPECT_EQ(read_file(path), text);
    write_file(path, "");
    EXPECT_EQ(read_file(path).size(), text.size());
}

TEST_F(File, ReadsFilesThatHideTheirSize) {
    EXPECT_FALSE(read_file("/proc/self/status").empty());
    EXPECT_EQ(read_file("/dev/null"), "");
}

TEST_F(File, NamesWhatIsMissing) {
    const std::string path = directory / "none";
    try {
        read_file(path);
        FAIL() << "read a file that does not exist";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ENOENT);
        EXPECT_EQ(error.object(), path);
    }
    EXPECT_THROW(write_file(path, "x"), Error) << "write_file is for files that are there";
    EXPECT_THROW(read_file(directory.path()), Error);
}

TEST_F(File, OpensCloseOnExec) {
    const UniqueFd fd = open_file("/dev/null", O_RDONLY);
    EXPECT_TRUE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC);
}

TEST_F(File, MakesMissingParents) {
    const std::string path = directory / "a/b//c/";
    make_directories(path, 0700);
    make_directories(path, 0700);
    struct stat facts {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 0700u);
    EXPECT_TRUE(exists(path));
}

TEST_F(File, RefusesADirectoryBelowAFile) {
    open_file(directory / "file", O_WRONLY | O_CREAT, 0600);
    for (const char* name : {"file", "file/below"}) {
        try {
            make_directories(directory / name, 0700);
            FAIL() << name;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ENOTDIR);
        }
    }
}

}  // namespace
