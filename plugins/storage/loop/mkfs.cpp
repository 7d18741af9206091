#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <plugins/storage/loop/mkfs.hpp>

namespace keelson::storage {

namespace {

std::string read_all(int fd) {
    std::string text;
    char part[512];
    for (ssize_t count; (count = ::read(fd, part, sizeof part)) > 0;) text.append(part, static_cast<size_t>(count));
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string find_program(const std::string& name) {
    for (const char* directory : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/usr/local/sbin/"}) {
        if (::access((directory + name).c_str(), X_OK) == 0) return directory + name;
    }
    throw Error(ENOENT, name, "there is no program",
                "install what makes this filesystem: e2fsprogs for ext4, xfsprogs for xfs");
}

void refuse_bad_type(const std::string& type) {
    constexpr const char* letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    if (type.empty() || type.find_first_not_of(letters) != std::string::npos) {
        throw Error(EINVAL, type, "this is no type of a filesystem:");
    }
}

/// Where SIGCHLD is ignored nothing is left to wait for: that is no success.
int status_of(pid_t child, const std::string& program) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) throw Error::last("learn how it ended:", program);
    }
    return status;
}

}  // namespace

void make_filesystem(const std::string& type, const std::string& image) {
    refuse_bad_type(type);
    const std::string program = find_program("mkfs." + type);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error::last("pipe", {});
    const UniqueFd from(ends[0]);
    UniqueFd to(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, to.get(), 1);
    ::posix_spawn_file_actions_adddup2(&actions, to.get(), 2);
    const char* arguments[] = {program.c_str(), "-q", image.c_str(), nullptr};
    const char* environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", nullptr};
    pid_t child = -1;
    const int code = ::posix_spawn(&child, program.c_str(), &actions, nullptr, const_cast<char**>(arguments),
                                   const_cast<char**>(environment));
    ::posix_spawn_file_actions_destroy(&actions);
    to.reset();
    if (code != 0) throw Error(code, program, "run");
    const std::string words = read_all(from.get());
    const int status = status_of(child, program);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw Error(0, image, cat(program, " failed on"), words);
}

}  // namespace keelson::storage
