#include "child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>

namespace keelson::templates {

namespace {

class SpawnActions {
public:
    SpawnActions() { posix_spawn_file_actions_init(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
    void null(int fd) { posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_WRONLY, 0); }
    void duplicate(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

private:
    posix_spawn_file_actions_t actions_;
};

class SpawnAttributes {
public:
    SpawnAttributes() {
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    SpawnAttributes(const SpawnAttributes&) = delete;
    ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
    const posix_spawnattr_t* get() const { return &attributes_; }

private:
    posix_spawnattr_t attributes_;
};

/// Ends and reaps its process unless that was waited for.
class Process {
public:
    explicit Process(pid_t pid) : pid_(pid) {}
    Process(const Process&) = delete;
    ~Process() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        wait();
    }
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
        pid_ = 0;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }

private:
    pid_t pid_;
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> result;
    for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
    result.push_back(nullptr);
    return result;
}

std::vector<std::string> environment(const std::vector<std::string>& added) {
    std::vector<std::string> result = added;
    for (char** variable = environ; *variable; ++variable) {
        const std::string_view text = *variable;
        const std::string_view name = text.substr(0, text.find('=') + 1);
        bool replaced = false;
        for (const std::string& other : added) replaced = replaced || other.starts_with(name);
        if (!replaced) result.emplace_back(text);
    }
    return result;
}

pid_t spawn(const Child& child, int output) {
    SpawnActions actions;
    if (output >= 0) {
        actions.duplicate(output, 1);
        if (child.read_stderr) actions.duplicate(output, 2);
    } else if (child.quiet) {
        actions.null(1);
    }
    if (child.quiet && !(output >= 0 && child.read_stderr)) actions.null(2);
    const SpawnAttributes attributes;
    const std::vector<std::string> variables = environment(child.variables);
    pid_t pid = -1;
    errno = ::posix_spawnp(&pid, child.argv.front().c_str(), actions.get(), attributes.get(), pointers(child.argv).data(),
                           pointers(variables).data());
    if (errno != 0) throw Error::last("run", child.argv.front());
    return pid;
}

void read_lines(int fd, const std::function<void(std::string_view)>& reader) {
    std::string rest;
    char buffer[16384];
    for (;;) {
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw Error::last("read the output of the program", {});
        if (count == 0) break;
        rest.append(buffer, static_cast<size_t>(count));
        size_t start = 0;
        for (size_t end; (end = rest.find_first_of("\r\n", start)) != std::string::npos; start = end + 1) {
            if (end > start) reader(std::string_view(rest).substr(start, end - start));
        }
        rest.erase(0, start);
    }
    if (!rest.empty()) reader(rest);
}

}  // namespace

int run(const Child& child) {
    if (!child.reader) return Process(spawn(child, -1)).wait();
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) throw Error::last("pipe", child.argv.front());
    UniqueFd read_end(ends[0]), write_end(ends[1]);
    Process process(spawn(child, write_end.get()));
    write_end.reset();
    read_lines(read_end.get(), child.reader);
    return process.wait();
}

std::string find_program(std::string_view name) {
    if (name.find('/') != std::string_view::npos)
        return ::access(std::string(name).c_str(), X_OK) == 0 ? std::string(name) : "";
    const char* variable = ::getenv("PATH");
    const std::string_view path = variable ? variable : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (size_t start = 0; start <= path.size();) {
        const size_t end = std::min(path.find(':', start), path.size());
        const std::string candidate = cat(path.substr(start, end - start), '/', name);
        if (end > start && ::access(candidate.c_str(), X_OK) == 0) return candidate;
        start = end + 1;
    }
    return {};
}

}  // namespace keelson::templates
