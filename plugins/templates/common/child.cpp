#include "child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <keelson/sdk/error.hpp>
#include <keelson/sdk/program.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <utility>

namespace keelson::templates {

namespace {

/// Ends and reaps its process unless that was waited for.
class Process {
public:
    Process(pid_t pid, std::string program) : pid_(pid), program_(std::move(program)) {}
    Process(const Process&) = delete;
    ~Process() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
    }
    int wait() { return sdk::wait_for(std::exchange(pid_, 0), program_); }

private:
    pid_t pid_;
    std::string program_;
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

void point_to_null(int fd) {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) ::dup2(null, fd);
}

void set_up_output(const Child& child, int output) {
    const bool reads = output >= 0;
    if (reads) ::dup2(output, 1);
    if (reads && child.read_stderr) ::dup2(output, 2);
    if (child.quiet && !reads) point_to_null(1);
    if (child.quiet && !(reads && child.read_stderr)) point_to_null(2);
}

void set_up_signals() {
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The program dies with us: what it makes would be nobody's. Why it could not be executed goes to `failure`, which exec
/// closes.
pid_t spawn(const Child& child, int output) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) throw Error::last("pipe", child.argv.front());
    const UniqueFd failed(ends[0]);
    UniqueFd failure(ends[1]);
    const std::vector<std::string> variables = environment(child.variables);
    const std::vector<char*> words = pointers(child.argv), settings = pointers(variables);
    const pid_t parent = ::getpid(), pid = ::fork();
    if (pid < 0) throw Error::last("fork", child.argv.front());
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(127);
        set_up_output(child, output);
        set_up_signals();
        ::execvpe(words.front(), words.data(), settings.data());
        [[maybe_unused]] const ssize_t written = ::write(failure.get(), &errno, sizeof errno);
        ::_exit(127);
    }
    failure.reset();
    int cause = 0;
    ssize_t count;
    while ((count = ::read(failed.get(), &cause, sizeof cause)) < 0 && errno == EINTR) continue;
    if (count == 0) return pid;
    const Process failing(pid, child.argv.front());
    throw Error(cause, child.argv.front(), "run");
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
    if (!child.reader) return Process(spawn(child, -1), child.argv.front()).wait();
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) throw Error::last("pipe", child.argv.front());
    UniqueFd read_end(ends[0]), write_end(ends[1]);
    Process process(spawn(child, write_end.get()), child.argv.front());
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
