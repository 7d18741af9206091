#include <conformance/runner.hpp>
#include <conformance/sandbox.hpp>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <new>

namespace keelson::conformance {
namespace {

namespace fs = std::filesystem;

constexpr unsigned seconds_for_a_check = 120;

/// What the child leaves for its parent, also when it crashes; on shared memory.
struct Note {
    bool done;
    Outcome outcome;
    char kind[16], name[32], words[4096];
};

class SharedNote {
public:
    SharedNote() : memory_(::mmap(nullptr, sizeof(Note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        if (memory_ == MAP_FAILED) throw Error::last("map", "memory");
        new (memory_) Note{};
    }
    ~SharedNote() { ::munmap(memory_, sizeof(Note)); }
    SharedNote(const SharedNote&) = delete;
    Note* operator->() const noexcept { return static_cast<Note*>(memory_); }

private:
    void* memory_;
};

/// Below /tmp, gone with everything in it.
class Directory {
public:
    Directory() {
        char pattern[] = "/tmp/klt-conformance-XXXXXX";
        if (!::mkdtemp(pattern)) throw Error::last("make a directory like", pattern);
        path = pattern;
    }
    ~Directory() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    Directory(const Directory&) = delete;
    std::string path;
};

template <size_t Size>
void copy(char (&to)[Size], std::string_view from) {
    to[from.copy(to, Size - 1)] = '\0';
}

/// A network that needs a link and was not given one gets the sandbox's bridge.
void run_check(const Check& check, Options options, const std::string& directory, SharedNote& note) {
    enter_sandbox();
    for (std::string& command : options.setup) command = replaced(std::move(command), "@dir@", directory);
    expect_needs(options.needs, directory);
    run_setup(options.setup, directory);
    bool has_link = false;
    for (const auto& [key, value] : options.settings) has_link = has_link || key == "link";
    if (!has_link) options.settings.emplace_back("link", bridge_name);
    Bench bench(options, directory, fs::path(directory).filename());
    copy(note->kind, bench.descriptor().kind);
    copy(note->name, bench.descriptor().name);
    check.run(bench);
}

[[noreturn]] void child(const Check& check, const Options& options, const std::string& directory, SharedNote& note) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto leave = [&](Outcome outcome, std::string_view words) {
        copy(note->words, words);
        note->outcome = outcome;
        note->done = true;
    };
    try {
        run_check(check, options, directory, note);
        leave(Outcome::passed, {});
    } catch (const Skipped& reason) {
        leave(Outcome::skipped, reason.what());
    } catch (const Warning& warning) {
        leave(Outcome::warned, warning.what());
    } catch (const Error& error) {
        leave(Outcome::failed, in_full(error));
    } catch (const std::exception& error) {
        leave(Outcome::failed, error.what());
    }
    ::_exit(0);
}

/// The child's wait status; what is left of its process group is killed.
int wait_for(pid_t process, bool* in_time) {
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds_for_a_check);
    while (::waitpid(process, &status, WNOHANG) == 0) {
        *in_time = std::chrono::steady_clock::now() < deadline;
        if (!*in_time) ::kill(process, SIGKILL);
        ::usleep(1000);
    }
    ::kill(-process, SIGKILL);
    return status;
}

std::string ending(int status, bool in_time) {
    if (!in_time) return cat("does not end within ", seconds_for_a_check, " seconds");
    if (!WIFSIGNALED(status)) return cat("ends the process with status ", WEXITSTATUS(status));
    const char* name = ::sigabbrev_np(WTERMSIG(status));
    return cat("crashes with SIG", name ? name : "?");
}

Result run_one(const Check& check, const Options& options, Report& report) {
    SharedNote note;
    const Directory directory;
    const auto begin = std::chrono::steady_clock::now();
    const pid_t process = ::fork();
    if (process < 0) throw Error::last("fork", check.name);
    if (process == 0) child(check, options, directory.path, note);
    bool in_time = true;
    const int status = wait_for(process, &in_time);
    if (*note->kind) {
        report.kind = note->kind;
        report.name = note->name;
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    return {check.name, check.what, note->done ? note->outcome : Outcome::failed,
            note->done ? note->words : ending(status, in_time), static_cast<unsigned>(took.count())};
}

}  // namespace

unsigned Report::count(Outcome outcome) const {
    unsigned found = 0;
    for (const Result& result : results) found += result.outcome == outcome;
    return found;
}

bool Report::nothing_checked() const { return count(Outcome::skipped) == results.size(); }

bool Report::good(bool strict) const { return count(Outcome::failed) == 0 && (!strict || count(Outcome::warned) == 0); }

Report run_checks(const Options& options, const std::function<void(const Result&)>& progress) {
    Report report;
    report.file = options.file;
    bool opened = true;
    for (const Check& check : all_checks()) {
        const bool first = std::string_view(check.name) == "plugin.opens";
        if (!first && std::string_view(check.name).find(options.filter) == std::string_view::npos) continue;
        if (!first && *check.kind && report.kind != check.kind) continue;
        if (std::find(options.skip.begin(), options.skip.end(), check.name) != options.skip.end()) continue;
        Result result{check.name, check.what, Outcome::skipped, "the plugin does not open", 0};
        if (opened) result = run_one(check, options, report);
        opened = opened && (!first || result.outcome == Outcome::passed);
        progress(result);
        report.results.push_back(std::move(result));
    }
    return report;
}

}  // namespace keelson::conformance
