#include "tracer.hpp"

#include "system_calls.hpp"

#include <keelson/sdk/file.hpp>
#include <keelson/sdk/text.hpp>

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>

namespace keelson::fault {
namespace {

constexpr long options =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
constexpr int call_stop = SIGTRAP | 0x80;
constexpr timespec short_while{0, 2'000'000};

std::pair<uint64_t, uint64_t> loader_of(pid_t pid) {
    std::pair<uint64_t, uint64_t> range{0, 0};
    const std::string maps = sdk::try_read_file(cat("/proc/", pid, "/maps")).value_or("");
    for (const std::string_view line : sdk::split(maps, '\n')) {
        if (line.find("/ld-linux") == line.npos) continue;
        char* end = nullptr;
        const uint64_t begin = std::strtoull(line.data(), &end, 16);
        if (range.first == 0) range.first = begin;
        range.second = std::strtoull(end + 1, nullptr, 16);
    }
    return range;
}

/// The call that a process is in; none while it runs.
std::optional<long> present_call(pid_t pid) {
    const std::string text = sdk::try_read_file(cat("/proc/", pid, "/syscall")).value_or("running");
    if (text.starts_with("running")) return std::nullopt;
    return std::strtol(text.c_str(), nullptr, 10);
}

/// None for what is gone.
std::pair<dev_t, ino_t> identity_of(const std::string& file) {
    struct stat facts {};
    return ::stat(file.c_str(), &facts) == 0 ? std::pair{facts.st_dev, facts.st_ino} : std::pair<dev_t, ino_t>{};
}

/// Not a helper of the host's.
bool is_in_a_container(pid_t pid) {
    struct stat ours {
    }, its{};
    return ::stat("/proc/self/ns/pid", &ours) == 0 && ::stat(cat("/proc/", pid, "/ns/pid").c_str(), &its) == 0 &&
           ours.st_ino != its.st_ino;
}

bool is_crash(int signal) {
    constexpr int faults[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGSYS};
    return std::ranges::find(faults, signal) != std::end(faults);
}

/// As long as uint64_t.
const uint64_t* arguments_of(const __ptrace_syscall_info& call) { return reinterpret_cast<const uint64_t*>(call.entry.args); }

// The registers are those of x86-64; CMakeLists.txt builds this nowhere else.
void skip_call(pid_t pid) { ::ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, orig_rax), -1L); }
void answer_with(pid_t pid, long value) { ::ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, rax), value); }

}  // namespace

Tracer::Tracer(const std::string& program, Calls calls, std::optional<Injection> injection)
    : calls_(calls), injection_(std::move(injection)) {
    namespace fs = std::filesystem;
    programs_.insert(identity_of(program));
    for (const auto& entry : fs::directory_iterator(fs::path(program).parent_path() / "../lib/keelson"))
        if (entry.is_regular_file()) programs_.insert(identity_of(entry.path()));
}

void Tracer::adopt(pid_t pid, const std::string& role) {
    if (::ptrace(PTRACE_SEIZE, pid, 0, options) != 0) throw Error::last("trace", cat("process ", pid));
    ::ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    Process process;
    process.role = role;
    process.ours = process.past_loader = true;
    processes_[pid] = process;
    // Its first stop is waited for here, so that it is in the same call whenever the command comes.
    int status = 0;
    ::waitpid(pid, &status, __WALL);
    resume(pid);
}

void Tracer::start(const Command& command, int output) {
    command_ = ::fork();
    if (command_ < 0) throw Error::last("fork", "");
    if (command_ == 0) {
        ::raise(SIGSTOP);
        become(command, output);
    }
    int status = 0;
    ::waitpid(command_, &status, WUNTRACED);
    if (::ptrace(PTRACE_SEIZE, command_, 0, options) != 0) throw Error::last("trace", command.words.front());
    processes_[command_].role = std::string("c");
    ::kill(command_, SIGCONT);
}

Outcome Tracer::run(const Command& command, std::chrono::seconds deadline) {
    const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
    sigset_t children;
    ::sigemptyset(&children);
    ::sigaddset(&children, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &children, nullptr);
    start(command, output.get());
    const auto end = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, __WALL | WNOHANG);
        if (pid > 0) {
            on_stop(pid, status);
            continue;
        }
        if (command_ended_ && settled()) break;
        if (std::chrono::steady_clock::now() > end) {
            give_up(deadline);
            break;
        }
        ::sigtimedwait(&children, nullptr, &short_while);
    }
    let_go();
    ::lseek(output.get(), 0, SEEK_SET);
    outcome_.output = sdk::read_all(output.get(), "output");
    return std::move(outcome_);
}

void Tracer::on_stop(pid_t pid, int status) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) return on_end(pid, status);
    const auto found = processes_.find(pid);
    if (found == processes_.end()) {
        unnamed_.push_back(pid);
        return;
    }
    const int signal = WSTOPSIG(status), event = status >> 16;
    if (signal == call_stop) return on_call(pid, found->second);
    if (event != 0) return on_event(pid, found->second, event);
    resume(pid, signal);
}

void Tracer::on_event(pid_t pid, Process& process, int event) {
    if (event == PTRACE_EVENT_STOP) return resume(pid);
    if (event == PTRACE_EVENT_EXEC) return on_exec(pid, process);
    unsigned long child = 0;
    ::ptrace(PTRACE_GETEVENTMSG, pid, 0, &child);
    on_child(pid, static_cast<pid_t>(child));
    resume(pid);
}

void Tracer::on_child(pid_t parent, pid_t child) {
    Process& of = processes_[parent];
    Process process = of;
    process.role = cat(of.role, ".", ++of.children);
    process.children = process.calls = 0;
    process.without_memory = false;
    process.answer.reset();
    processes_[child] = process;
    if (std::erase(unnamed_, child) != 0) resume(child);
}

void Tracer::on_exec(pid_t pid, Process& process) {
    process.ours = programs_.contains(identity_of(cat("/proc/", pid, "/exe")));
    if (!process.ours) {
        if (init_ == 0 && is_in_a_container(pid)) init_ = pid;
        processes_.erase(pid);
        ::ptrace(PTRACE_DETACH, pid, 0, 0);
        return;
    }
    std::tie(process.loader_begin, process.loader_end) = loader_of(pid);
    process.past_loader = false;
    resume(pid);
}

void Tracer::on_call(pid_t pid, Process& process) {
    __ptrace_syscall_info call{};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof call, &call);
    if (call.op == PTRACE_SYSCALL_INFO_ENTRY) {
        on_entry(pid, process, call);
    } else if (process.answer) {
        answer_with(pid, *process.answer);
        process.answer.reset();
    }
    if (!process.dead) resume(pid);
}

void Tracer::on_entry(pid_t pid, Process& process, const __ptrace_syscall_info& call) {
    const auto number = static_cast<long>(call.entry.nr);
    const uint64_t* arguments = arguments_of(call);
    const uint64_t at = call.instruction_pointer;
    if (!process.ours) return;  // yet: between fork and exec
    process.past_loader |= at < process.loader_begin || at >= process.loader_end;
    if (process.without_memory) return starve(pid, process, number, arguments);
    if (!process.past_loader || !is_point(number, arguments)) return;
    const Point point{process.role, ++process.calls};
    if (!injection_) outcome_.calls.push_back({point, describe(pid, number, arguments), init_ != 0});
    if (!injection_ || spent_ || point != injection_->point) return;
    outcome_.injected = describe(pid, number, arguments);
    spent_ = true;
    inject(pid, process, number, arguments);
}

bool Tracer::is_point(long number, const uint64_t* arguments) const {
    if (calls_ == Calls::memory) return takes_memory(number, arguments);
    return can_fail(number) && !is_about_memory(number);
}

void Tracer::inject(pid_t pid, Process& process, long number, const uint64_t* arguments) {
    if (injection_->cause == Cause::kill) {
        process.dead = true;
        ::kill(pid, SIGKILL);
    } else if (injection_->cause == Cause::kill_init) {
        if (init_ == 0 || ::kill(init_, SIGKILL) != 0) outcome_.injected.clear();
    } else if (injection_->cause == Cause::no_memory) {
        starve(pid, process, number, arguments);
    } else {
        fail(pid, process, number);
    }
}

void Tracer::fail(pid_t pid, Process& process, long number) {
    if (!can_fail_with(number, injection_->cause.value)) injection_->cause.value = EINTR;
    process.answer = -injection_->cause.value;
    if (!works_though_it_fails(number)) skip_call(pid);
}

void Tracer::starve(pid_t pid, Process& process, long number, const uint64_t* arguments) {
    process.without_memory = is_about_memory(number);
    if (!takes_memory(number, arguments)) return;
    // brk(2) always tells where the memory ends, and fails by telling an end below the one that was asked for.
    process.answer = number == SYS_brk ? 0 : -ENOMEM;
    skip_call(pid);
}

void Tracer::on_end(pid_t pid, int status) {
    const bool crashed = WIFSIGNALED(status) && is_crash(WTERMSIG(status));
    if (const auto found = processes_.find(pid); found != processes_.end()) {
        if (crashed) outcome_.wrong.push_back(cat("process ", found->second.role, " died of signal ", WTERMSIG(status)));
        processes_.erase(found);
    }
    if (pid != command_) return;
    command_ended_ = true;
    outcome_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Once the injection is made only ends are of interest.
void Tracer::resume(pid_t pid, int signal) {
    const Process& process = processes_[pid];
    const bool done = spent_ && !process.answer && !process.without_memory;
    ::ptrace(done ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0, signal);
}

bool Tracer::settled() const {
    return std::ranges::all_of(processes_, [](const auto& entry) {
        const std::optional<long> call = present_call(entry.first);
        return call && waits_for_events(*call);
    });
}

void Tracer::let_go() {
    for (const auto& [pid, process] : processes_) {
        ::ptrace(PTRACE_INTERRUPT, pid, 0, 0);
        int status = 0;
        if (::waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) continue;
        const bool by_signal = status >> 16 == 0 && WSTOPSIG(status) != call_stop;
        ::ptrace(PTRACE_DETACH, pid, 0, by_signal ? WSTOPSIG(status) : 0);
    }
    processes_.clear();
}

void Tracer::give_up(std::chrono::seconds deadline) {
    std::string where;
    for (const auto& [pid, process] : processes_) {
        const std::optional<long> call = present_call(pid);
        where += cat(" ", process.role, " in ", call ? name_of_call(*call) : "its own code", ";");
    }
    outcome_.wrong.push_back(cat("it did not end within ", deadline.count(), " s:", where));
    for (const auto& [pid, process] : processes_) ::kill(pid, SIGKILL);
}

}  // namespace keelson::fault
