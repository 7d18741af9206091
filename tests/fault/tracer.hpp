// Runs a command under ptrace(2), with every process of ours that it makes, and puts a failure or a death at one of their
// system calls. What the processes execute that is not Keelson (init, hooks, mkfs) is let go.
#pragma once

#include "command.hpp"
#include "point.hpp"

#include <sys/ptrace.h>
#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace keelson::fault {

struct Outcome {
    int status = 0;  ///< of the command, as a shell has it; 128 and the signal's number when that ended it
    std::string output;
    std::string injected;            ///< the call at the point; empty: no process came there
    std::vector<std::string> wrong;  ///< hangs and crashes
    std::vector<Call> calls;         ///< only of a run without an injection
};

class Tracer {
public:
    /// Ours are the processes of this program and of those in lib/keelson beside it. `calls` are the points.
    Tracer(const std::string& program, Calls calls, std::optional<Injection> injection);

    /// A process that runs already is one of ours. Its calls count from here.
    void adopt(pid_t pid, const std::string& role);
    /// The container's first process, when it runs already.
    void knows_init(pid_t pid) { init_ = pid; }

    /// Until the command has ended and all others of ours have ended or wait for events; none is traced any longer then.
    Outcome run(const Command& command, std::chrono::seconds deadline);

private:
    struct Process {
        std::string role;
        unsigned children = 0, calls = 0;
        bool ours = false, past_loader = false, without_memory = false, dead = false;
        std::optional<long> answer;  ///< in place of the present call's
        uint64_t loader_begin = 0, loader_end = 0;
    };

    void start(const Command& command, int output);
    void on_stop(pid_t pid, int status);
    void on_event(pid_t pid, Process& process, int event);
    void on_call(pid_t pid, Process& process);
    void on_entry(pid_t pid, Process& process, const __ptrace_syscall_info& call);
    bool is_point(long number, const uint64_t* arguments) const;
    void inject(pid_t pid, Process& process, long number, const uint64_t* arguments);
    void fail(pid_t pid, Process& process, long number);
    void starve(pid_t pid, Process& process, long number, const uint64_t* arguments);
    void on_child(pid_t parent, pid_t child);
    void on_exec(pid_t pid, Process& process);
    void on_end(pid_t pid, int status);
    void resume(pid_t pid, int signal = 0);
    bool settled() const;
    void let_go();
    void give_up(std::chrono::seconds deadline);

    std::set<std::pair<dev_t, ino_t>> programs_;
    Calls calls_;
    std::optional<Injection> injection_;
    bool spent_ = false;
    pid_t command_ = 0, init_ = 0;
    bool command_ended_ = false;
    std::map<pid_t, Process> processes_;
    std::vector<pid_t> unnamed_;  ///< stopped before their parent told of them
    Outcome outcome_;
};

}  // namespace keelson::fault
