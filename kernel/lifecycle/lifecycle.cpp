#include <kernel/base/error.hpp>
#include <kernel/lifecycle/lifecycle.hpp>

#include <algorithm>

namespace keelson::lifecycle {

void Lifecycle::add(Stage stage, std::string actor, std::function<void()> run) {
    steps_.push_back({stage, side_of(stage), std::move(actor), std::move(run)});
}

void Lifecycle::add_beside(Stage stage, std::string actor, std::function<void()> run) {
    const Side other = side_of(stage) == Side::host ? Side::inside : Side::host;
    steps_.push_back({stage, other, std::move(actor), std::move(run)});
}

bool Lifecycle::empty(const StageRow& row) const {
    return std::ranges::none_of(steps_, [&](const Step& s) { return s.stage == row.stage && s.side == row.side; });
}

void Lifecycle::run(Stage first, Stage last, Turns& turns, Trace& trace) {
    Side turn = Side::host;
    for (const StageRow& row : stages) {
        if (row.stage < first || row.stage > last) continue;
        if (row.side != turn && !empty(row)) {
            if (turn == side_)
                turns.pass();
            else if (row.side == side_)
                turns.wait();
            turn = row.side;
        }
        for (const Step& step : steps_) {
            if (step.stage == row.stage && step.side == side_) perform(step, trace);
        }
    }
}

/// The plugin host has named the actor already where that is a plugin.
Error Lifecycle::placed(Error error, const Step& step) {
    if (std::ranges::find(error.where(), step.actor) == error.where().end()) error.at(step.actor);
    return error.at(cat("stage ", name_of(step.stage)));
}

void Lifecycle::perform(const Step& step, Trace& trace) const {
    const Trace::Span span = trace.span(name_of(step.stage), step.actor, side_ == Side::host ? "host" : "inside");
    try {
        step.run();
    } catch (const std::exception& error) {
        throw placed(base::as_error(error), step);
    }
}

std::string Lifecycle::plan() const {
    std::string text;
    for (const StageRow& row : stages) {
        text += cat(row.name, std::string(12 - row.name.size(), ' '), row.side == Side::host ? "host    " : "inside  ",
                    row.happens, "\n");
        for (const Step& step : steps_) {
            if (step.stage != row.stage) continue;
            text += cat("                      - ", step.actor, step.side == row.side ? "" : " (beside)", "\n");
        }
    }
    return text;
}

namespace {

void unwind_records(Journal& journal, const Undo& undo, const Which& which, std::vector<Error>& failures) {
    const std::vector<Record> records = journal.open_records();
    size_t left = records.size();
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
        try {
            if (which && !which(*record)) continue;
            undo(*record);
            journal.strike(record->id);
            --left;
        } catch (const std::exception& error) {
            failures.push_back(base::as_error(error).at(cat("undo (", record->kind, " ", record->plugin, ")")));
        }
    }
    if (left == 0) journal.close();
}

}  // namespace

std::vector<Error> unwind(Journal& journal, const Undo& undo, const Which& which) {
    std::vector<Error> failures;
    for (int attempt = 0; attempt < 2; ++attempt) {
        failures.clear();
        try {
            unwind_records(journal, undo, which, failures);
        } catch (const std::exception& error) {
            failures.push_back(base::as_error(error).at("journal"));
        }
        if (failures.empty()) break;
    }
    return failures;
}

}  // namespace keelson::lifecycle
