// Runs the body of a test in a child process with namespaces of its own, so that its mounts are nobody else's.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <tests/support/temporary_directory.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace keelson::test {

inline std::string content(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// mountinfo's lines (proc_pid_mountinfo(5)) whose mount point is at or below `path`, as "POINT OPTIONS TYPE SOURCE".
inline std::vector<std::string> mounts_below(const std::string& path) {
    std::vector<std::string> found;
    std::istringstream lines(content("/proc/self/mountinfo"));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string id, parent, device, root, point, options, word, type, source;
        fields >> id >> parent >> device >> root >> point >> options;
        while (fields >> word && word != "-") {
        }
        fields >> type >> source;
        if (point.starts_with(path)) found.push_back(point + " " + options + " " + type + " " + source);
    }
    return found;
}

/// EXPECT_… in `body` counts for the test. `flags` are CLONE_NEW… beside CLONE_NEWNS.
template <typename Body>
void in_private_mounts(Body&& body, int flags = 0) {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    std::fflush(nullptr);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        try {
            if (::unshare(CLONE_NEWNS | flags) != 0) throw Error::last("unshare", "namespaces");
            if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) throw Error::last("mount", "/");
            body();
        } catch (const Error& error) {
            ADD_FAILURE() << error.what() << " (" << error.hint() << ")";
        } catch (const std::exception& error) {
            ADD_FAILURE() << error.what();
        }
        std::fflush(nullptr);
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

/// A temporary directory with a few words to fill it.
class Tree : public TemporaryDirectory {
public:
    Tree() { ::chmod(path().c_str(), 0755); }
    void directory(const std::string& name) const { std::filesystem::create_directories(*this / name); }
    void file(const std::string& name, const std::string& text = {}) const { std::ofstream(*this / name) << text; }
    void link(const std::string& to, const std::string& name) const { std::filesystem::create_symlink(to, *this / name); }
};

template <typename Body>
Error thrown_by(Body&& body) {
    try {
        body();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {0, {}, {}};
}

}  // namespace keelson::test
