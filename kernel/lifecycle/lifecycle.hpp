// The loop over the stage table, and its way back.
#pragma once

#include <keelson/sdk/error.hpp>
#include <kernel/lifecycle/journal.hpp>
#include <kernel/lifecycle/stages.hpp>
#include <kernel/lifecycle/trace.hpp>

#include <functional>
#include <string>
#include <vector>

namespace keelson::lifecycle {

/// One thing that one actor does in a stage.
struct Step {
    Stage stage;
    Side side;
    std::string actor;  ///< "storage dir", "hooks", "kernel"
    std::function<void()> run;
};

/// Host and inside take turns. Each call throws the other side's Error when that failed.
class Turns {
public:
    virtual ~Turns() = default;
    virtual void pass() = 0;
    virtual void wait() = 0;
};

/// The steps of one start, in order. Host and child run the same object: the step of stage clone that makes the child says so
/// by `became(Side::inside)` in it.
class Lifecycle {
public:
    /// For the side that the stage belongs to.
    void add(Stage stage, std::string actor, std::function<void()> run);
    /// For the other side, which does it at the same time, and nobody waits for it before that side's next turn.
    void add_beside(Stage stage, std::string actor, std::function<void()> run);

    /// Runs this process's steps of the stages from `first` to `last`, in turns with the other side: a stage waits for what
    /// the other side did before. A stage without steps takes no turn.
    /// An Error leaves with two places more: the actor, if it is not among them, and "stage NAME".
    void run(Stage first, Stage last, Turns& turns, Trace& trace);
    void became(Side side) noexcept { side_ = side; }
    Side side() const noexcept { return side_; }

    /// The table with the actors of each stage, for people.
    std::string plan() const;

private:
    bool empty(const StageRow& row) const;
    void perform(const Step& step, Trace& trace) const;
    static Error placed(Error error, const Step& step);

    std::vector<Step> steps_;
    Side side_ = Side::host;
};

/// Takes back one record.
using Undo = std::function<void(const Record&)>;

/// Chooses records.
using Which = std::function<bool(const Record&)>;

/// Takes back every open record of the journal, or those that are chosen, newest first, whatever fails, and removes the journal
/// when none is left; returns the failures. What fails is tried a second time: memory that lacked may be there, and what was in
/// use, free. A record is struck out when it is undone, so that unwinding again goes on with the rest. Used when a start fails,
/// at every stop, and after a crash.
std::vector<Error> unwind(Journal& journal, const Undo& undo, const Which& which = {});

}  // namespace keelson::lifecycle
