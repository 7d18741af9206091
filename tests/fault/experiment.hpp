// One kind of container, one operation, and what has to be true after it, whatever failed on the way.
#pragma once

#include "tracer.hpp"
#include "world.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace keelson::fault {

struct Kind {
    std::string network = "empty", storage = "dir";
    std::vector<std::string> lines;  ///< of the configuration, besides
    bool small = false;              ///< its monitor has executed the small program when the operation begins
};

class Experiment {
public:
    Experiment(const World& world, Kind kind, std::string operation, Calls calls = Calls::ordinary);
    ~Experiment();
    Experiment(const Experiment&) = delete;

    static const std::vector<std::string>& operations();

    /// The calls of an operation that nothing disturbs, and what it leaves, to compare with.
    std::vector<Call> record();
    /// What was wrong, none when all was right. `reached` is false when no process came to the point.
    std::vector<std::string> disturb(const Injection& injection, bool& reached, std::string& call);
    /// Everything as before the first disturbance, after one that went wrong.
    void restore();

private:
    using Faults = std::vector<std::string>;

    bool wants_running() const;
    bool lives() const;
    void make_container();
    void write_config();
    /// Brings the container into the state in which the operation begins.
    void prepare();
    Command create_command() const;
    Command operation_command() const;
    Outcome carry_out(const std::optional<Injection>& injection);
    pid_t init() const;
    void adopt_monitor(Tracer& tracer) const;
    void remember(const Outcome& outcome);

    void judge_failure(const Outcome& outcome, Faults& faults);
    void judge_success(const Outcome& outcome, Faults& faults);
    void judge_end(Faults& faults);
    void judge_death(const Injection& injection, Faults& faults);
    void end_and_compare(Faults& faults, const std::string& when);
    void recover_all(Faults& faults) const;
    void made_again(Faults& faults);
    void copied_again(Faults& faults);
    void lives_again(Faults& faults);

    std::string state(Faults* faults = nullptr) const;
    /// What the container's first process is and has, without what differs from start to start.
    std::string profile() const;
    void expect(Faults& faults, const std::string& what, const Command& command) const;
    void compare_tree(Faults& faults, const std::string& name, const Snapshot& expected) const;

    const World& world_;
    const Kind kind_;
    const std::string operation_;
    const Calls calls_;
    const std::string name_, copy_;
    Snapshot nothing_, stopped_, tree_, copy_tree_;
    std::string profile_, output_;
    unsigned disturbed_ = 0;
};

}  // namespace keelson::fault
