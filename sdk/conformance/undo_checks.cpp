// Whatever was applied can be taken back, whoever dies when: the same for every kind.
#include <conformance/check.hpp>
#include <conformance/subject.hpp>

#include <sys/wait.h>

#include <csignal>

namespace keelson::conformance {
namespace {

/// More moments than any plugin has records.
constexpr unsigned most_moments = 300;
constexpr unsigned many_containers = 8;

/// Applies in this process; a failure of the plugin fails the check.
void apply(Subject& subject, TestContainer& container) {
    try {
        subject.apply(container);
    } catch (const Error& error) {
        throw Failure(cat(in_full(error), container.log().warnings.empty() ? "" : "\n" + container.log().warnings));
    }
}

/// One container with what it needs, and the host as it was before anything was applied.
struct Trial {
    explicit Trial(Bench& bench) : subject(make_subject(bench)), container(bench.container()) {
        subject->provide(container);
        before = bench.snapshot();
    }
    std::unique_ptr<Subject> subject;
    TestContainer& container;
    Snapshot before;
};

void undone(Bench& bench) {
    Trial trial(bench);
    apply(*trial.subject, trial.container);
    bench.undo(trial.container);
    bench.expect_unchanged(trial.before, "apply and undo");
    trial.subject->dispose(trial.container);
}

void undone_elsewhere(Bench& bench) {
    const Trial trial(bench);
    std::string words;
    if (in_child([&] { trial.subject->apply(trial.container); }, &words) != 0)
        throw Failure(words.empty() ? "apply crashed" : words);
    bench.undo(trial.container);
    bench.expect_unchanged(trial.before, "apply in one process and undo in another");
    trial.subject->dispose(trial.container);
}

void undone_twice(Bench& bench) {
    const Trial trial(bench);
    apply(*trial.subject, trial.container);
    bench.undo(trial.container);
    bench.undo(trial.container);
    bench.undo(trial.container, false);
    bench.expect_unchanged(trial.before, "undo, undo again, and undo without namespaces");
    trial.subject->dispose(trial.container);
}

/// Runs apply in a child that is killed at the given moment; true if it came that far.
bool killed_at(Subject& subject, TestContainer& container, unsigned moment) {
    container.journal().clear();
    std::string words;
    const int status = in_child(
        [&] {
            container.journal().interrupt(Interruption::kill, moment);
            subject.apply(container);
        },
        &words);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    if (status != 0) throw Failure(words.empty() ? "apply crashed" : words);
    return false;
}

void killed(Bench& bench) {
    const Trial trial(bench);
    for (unsigned moment = 0; moment < most_moments; ++moment) {
        const bool was_killed = killed_at(*trial.subject, trial.container, moment);
        bench.undo(trial.container);
        bench.expect_unchanged(trial.before, cat("a kill at moment ", moment, " of its records and undo,"));
        bench.undo(trial.container, false);
        if (!was_killed) break;
    }
    trial.subject->dispose(trial.container);
}

/// A journal that cannot be written has to stop the plugin before the change.
void refused(Bench& bench) {
    const Trial trial(bench);
    for (unsigned moment = 0; moment < most_moments; ++moment) {
        trial.container.journal().clear();
        trial.container.journal().interrupt(Interruption::refuse, moment);
        bool failed = false;
        try {
            trial.subject->apply(trial.container);
        } catch (const Error&) {
            failed = true;
        }
        if (trial.container.journal().refused() && !failed)
            throw Failure(cat("goes on although the journal refused its record number ", moment));
        bench.undo(trial.container);
        bench.expect_unchanged(trial.before, cat("a refused record number ", moment, " and undo,"));
        if (!trial.container.journal().refused()) break;
    }
    trial.subject->dispose(trial.container);
}

/// Records that are none of ours: any answer will do, but nothing may be touched.
void garbage(Bench& bench) {
    TestContainer& container = bench.container();
    const Snapshot before = bench.snapshot();
    for (const std::string& record : {std::string(), std::string("klt"), std::string("\x01\xff\n"), std::string(70000, 'x'),
                                      std::string("../../etc"), std::string("/")}) {
        sdk::ErrorCollector ignored;
        bench.plugin().undo(container.context(), sdk::to_abi(record), nullptr, &ignored);
        bench.expect_unchanged(before, "undo of a record that is none");
    }
}

void foreign(Bench& bench) {
    const auto subject = make_subject(bench);
    TestContainer& owner = bench.container(0);
    TestContainer& other = bench.container(1);
    subject->provide(owner);
    apply(*subject, owner);
    const Snapshot applied = bench.snapshot();
    const std::vector<std::string> records = owner.journal().records();
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
        sdk::ErrorCollector ignored;
        bench.plugin().undo(other.context(), sdk::to_abi(*record), other.namespaces(), &ignored);
    }
    const std::string changed = difference(applied, bench.snapshot());
    bench.undo(owner);
    subject->dispose(owner);
    if (!changed.empty()) throw Warning(cat("undo for one container takes away what is another's: ", changed));
}

void many(Bench& bench) {
    const auto subject = make_subject(bench);
    for (unsigned i = 0; i < many_containers; ++i) subject->provide(bench.container(i));
    const Snapshot before = bench.snapshot();
    for (unsigned i = 0; i < many_containers; ++i) apply(*subject, bench.container(i));
    for (unsigned i = 0; i < many_containers; ++i) bench.undo(bench.container(i));
    bench.expect_unchanged(before, cat(many_containers, " containers at once"));
    for (unsigned i = 0; i < many_containers; ++i) subject->dispose(bench.container(i));
}

/// The first round may open what the plugin keeps; later ones may not.
void descriptors(Bench& bench) {
    const auto subject = make_subject(bench);
    TestContainer& container = bench.container();
    subject->provide(container);
    const auto round = [&] {
        container.journal().clear();
        apply(*subject, container);
        bench.undo(container);
    };
    round();
    const Snapshot before = open_descriptors();
    for (int i = 0; i < 3; ++i) round();
    const std::string changed = difference(before, open_descriptors());
    subject->dispose(container);
    if (!changed.empty()) throw Failure(cat("leaks descriptors: ", changed));
}

/// One container for each setting that has to be refused.
void bad_settings(Bench& bench) {
    const auto& bad = bench.options().bad_settings;
    if (bad.empty()) throw Skipped("no --bad=KEY=VALUE was given");
    const auto subject = make_subject(bench);
    for (unsigned i = 0; i < bad.size(); ++i)
        subject->provide(bench.container(i, {{bad[i].first, bench.with_directory(bad[i].second)}}));
    const Snapshot before = bench.snapshot();
    for (unsigned i = 0; i < bad.size(); ++i) {
        const std::string setting = cat(bad[i].first, " = ", bench.with_directory(bad[i].second));
        TestContainer& container = bench.container(i);
        const std::string text = in_full(must_fail("a start with " + setting, [&] { subject->apply(container); }));
        if (text.find(bad[i].first) == std::string::npos && text.find(bench.with_directory(bad[i].second)) == std::string::npos)
            throw Failure(cat("refuses ", setting, ", but names neither: ", text));
        bench.undo(container);
        bench.expect_unchanged(before, cat("refusing ", setting));
    }
    for (unsigned i = 0; i < bad.size(); ++i) subject->dispose(bench.container(i));
}

constexpr Check table[] = {
    {"undo.all", "", "apply then undo leaves the host as it was", undone},
    {"undo.elsewhere", "", "undo in another process than apply", undone_elsewhere},
    {"undo.twice", "", "undo twice, and without namespaces", undone_twice},
    {"undo.killed", "", "a kill before, between and after every change", killed},
    {"undo.refused", "", "a record that cannot be written stops the change", refused},
    {"undo.garbage", "", "records that are none change nothing", garbage},
    {"undo.foreign", "", "records of another container change nothing", foreign},
    {"undo.many", "", "many containers at once", many},
    {"leak.descriptors", "", "no descriptor stays open", descriptors},
    {"settings.bad", "", "settings that cannot be are refused by name", bad_settings},
};

}  // namespace

std::span<const Check> undo_checks() { return table; }

}  // namespace keelson::conformance
