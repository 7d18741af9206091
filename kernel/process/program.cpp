#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <kernel/process/clone.hpp>
#include <kernel/process/program.hpp>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <new>

namespace keelson::process {
namespace {

constexpr size_t most_output = 40 * 1024;

/// For who runs it, not to have had the memory is not to have been able to execute it.
[[noreturn]] void become(const std::vector<std::string>& words, const Environment& environment, int output) noexcept try {
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const auto& [name, value] : environment) set_variable(name, value);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(errno == ENOENT ? 127 : 126);
} catch (const std::bad_alloc&) {
    ::_exit(126);
}

/// Of what a program prints: all is read, so that it is not blocked, and the first part kept.
class Output {
public:
    explicit Output(int fd_borrowed) : fd_(fd_borrowed) {}

    /// Until it is closed or the program has ended: another that it has left behind may have it open for ever.
    void read_while_runs(int program) {
        std::array<pollfd, 2> wanted{{{fd_, POLLIN, 0}, {program, POLLIN, 0}}};
        for (;;) {
            // Where that fails, what is printed is read all the same, or the program would wait for us.
            if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno == EINTR) continue;
            if (wanted[1].revents != 0) return read_what_is_there();
            if (read_some() <= 0) return;
        }
    }

    std::string take() { return std::move(text_); }

private:
    ssize_t read_some() {
        std::array<char, 4096> buffer{};
        ssize_t size;
        do size = ::read(fd_, buffer.data(), buffer.size());
        while (size < 0 && errno == EINTR);
        if (size > 0 && text_.size() < most_output) text_.append(buffer.data(), static_cast<size_t>(size));
        return size;
    }

    void read_what_is_there() {
        int left = 0;
        if (::ioctl(fd_, FIONREAD, &left) != 0) return;
        for (ssize_t size = 1; left > 0 && size > 0; left -= static_cast<int>(size)) size = read_some();
    }

    int fd_;
    std::string text_;
};

}  // namespace

void set_variable(const std::string& name, const std::string& value) {
    if (::setenv(name.c_str(), value.c_str(), 1) != 0 && errno == ENOMEM) throw std::bad_alloc();
}

ProgramResult run_program(const std::vector<std::string>& words, const Environment& environment) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error::last("pipe", words.front());
    UniqueFd output(ends[0]), child_end(ends[1]);
    const Clone child = clone_process({});
    if (child.pid == 0) become(words, environment, child_end.get());
    child_end.reset();
    ProgramResult result;
    Output printed(output.get());
    printed.read_while_runs(child.pidfd.get());
    result.output = printed.take();
    result.status = shell_status(reap(child.pidfd.get()));
    return result;
}

ProgramResult run_shell(const std::string& command, const std::string& arguments, const Environment& environment) {
    return run_program({"/bin/sh", "-c", cat("exec ", command, " ", arguments)}, environment);
}

std::string quoted(std::string_view word) {
    std::string text = "'";
    for (const char c : word) {
        if (c == '\'')
            text += "'\\''";
        else
            text += c;
    }
    return text + "'";
}

std::vector<std::string> split_command(std::string_view line) {
    std::vector<std::string> words;
    bool open = false;
    char quote = 0;
    for (const char c : line) {
        if (quote != 0) {
            if (c == quote)
                quote = 0;
            else
                words.back() += c;
            continue;
        }
        if (c == ' ' || c == '\t') {
            open = false;
            continue;
        }
        if (!open) words.emplace_back();
        open = true;
        if (c == '\'' || c == '"')
            quote = c;
        else
            words.back() += c;
    }
    return words;
}

}  // namespace keelson::process
