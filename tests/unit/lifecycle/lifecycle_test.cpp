// The loop over the stages with fake actors: order, turns, a failure at every step, and the exact order of undoing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>
#include <kernel/base/file.hpp>
#include <kernel/lifecycle/lifecycle.hpp>

#include <algorithm>

namespace keelson::lifecycle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A side of its own, whose partner always agrees.
class RecordedTurns final : public Turns {
public:
    explicit RecordedTurns(std::vector<std::string>& log) : log_(log) {}
    void pass() override { log_.emplace_back("pass"); }
    void wait() override { log_.emplace_back("wait"); }

private:
    std::vector<std::string>& log_;
};

class TemporaryDirectory {
public:
    TemporaryDirectory() { path_ = ::mkdtemp(template_); }
    ~TemporaryDirectory() { std::system(cat("rm -rf ", path_).c_str()); }
    std::string path() const { return path_; }

private:
    char template_[32] = "/tmp/klt-lifecycle-XXXXXX";
    std::string path_;
};

struct LifecycleTest : testing::Test {
    std::vector<std::string> log;
    RecordedTurns turns{log};
    Trace trace;
    Lifecycle life;

    void step(Stage stage, const std::string& name) {
        life.add(stage, name, [this, name] { log.push_back(name); });
    }
};

TEST_F(LifecycleTest, HostRunsItsStagesAndPassesTheTurn) {
    step(Stage::start_host, "d");
    step(Stage::pre_start, "a");
    step(Stage::clone, "b");
    step(Stage::mount, "inside");
    step(Stage::pre_start, "a2");
    step(Stage::exec, "inside");
    life.run(Stage::resolve, Stage::exec, turns, trace);
    EXPECT_THAT(log, ElementsAre("a", "a2", "b", "pass", "wait", "d", "pass"));
}

TEST_F(LifecycleTest, StageWithoutStepsTakesNoTurn) {
    life.add(Stage::clone, "clone", [this] { life.became(Side::inside); });
    step(Stage::mount, "mount");
    step(Stage::exec, "exec");
    life.run(Stage::resolve, Stage::exec, turns, trace);
    EXPECT_THAT(log, ElementsAre("wait", "mount", "exec"));
}

TEST_F(LifecycleTest, HostDoesNotWaitForAStageOfItsOwnThatIsEmpty) {
    step(Stage::clone, "clone");
    step(Stage::mount, "inside");
    step(Stage::exec, "inside");
    life.run(Stage::resolve, Stage::exec, turns, trace);
    EXPECT_THAT(log, ElementsAre("clone", "pass"));
}

TEST_F(LifecycleTest, ChildWorksBesideTheHostUntilItNeedsItsTurn) {
    life.add(Stage::clone, "clone", [this] { life.became(Side::inside); });
    step(Stage::clone, "host only");
    life.add_beside(Stage::clone, "beside", [this] { log.push_back("beside"); });
    step(Stage::mount, "mount");
    life.run(Stage::resolve, Stage::exec, turns, trace);
    EXPECT_THAT(log, ElementsAre("beside", "wait", "mount"));
}

TEST_F(LifecycleTest, HostWorksBesideTheChild) {
    step(Stage::clone, "clone");
    step(Stage::mount, "inside");
    life.add_beside(Stage::mount, "beside", [this] { log.push_back("beside"); });
    step(Stage::start_host, "hooks");
    life.run(Stage::resolve, Stage::exec, turns, trace);
    EXPECT_THAT(log, ElementsAre("clone", "pass", "beside", "wait", "hooks"));
}

TEST_F(LifecycleTest, ChildTakesOverWhereItWasMade) {
    life.add(Stage::clone, "clone", [this] { life.became(Side::inside); });
    step(Stage::clone, "host only");
    step(Stage::pre_mount, "enter");
    step(Stage::start, "pivot");
    step(Stage::start_host, "host only");
    step(Stage::exec, "exec");
    life.run(Stage::resolve, Stage::exec, turns, trace);
    EXPECT_THAT(log, ElementsAre("wait", "enter", "pivot", "pass", "wait", "exec"));
}

TEST_F(LifecycleTest, CallerOfABackgroundStartHasNoMoreSteps) {
    life.add(Stage::pre_start, "monitor", [this] { life.became(Side::caller); });
    step(Stage::pre_start, "later");
    step(Stage::clone, "later");
    step(Stage::start, "inside");
    life.run(Stage::resolve, Stage::exec, turns, trace);
    EXPECT_THAT(log, IsEmpty());
}

TEST_F(LifecycleTest, ErrorSaysStageAndActor) {
    life.add(Stage::clone, "net veth", [] { throw Error(ENODEV, "br0", "find"); });
    try {
        life.run(Stage::resolve, Stage::exec, turns, trace);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_THAT(error.where(), ElementsAre("net veth", "stage clone"));
        EXPECT_EQ(error.code(), ENODEV);
    }
}

TEST_F(LifecycleTest, ErrorThatNamesTheActorNamesItOnce) {
    life.add(Stage::clone, "net veth", [] { throw Error(ENODEV, "br0", "find").at("net veth"); });
    try {
        life.run(Stage::resolve, Stage::exec, turns, trace);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_THAT(error.where(), ElementsAre("net veth", "stage clone"));
    }
}

TEST_F(LifecycleTest, ForeignExceptionsBecomeErrors) {
    life.add(Stage::clone, "x", [] { throw std::bad_alloc(); });
    EXPECT_THROW(life.run(Stage::resolve, Stage::exec, turns, trace), Error);
}

TEST_F(LifecycleTest, PlanNamesEveryStageAndItsActors) {
    step(Stage::mount, "storage dir");
    const std::string plan = life.plan();
    for (const StageRow& row : stages) EXPECT_NE(plan.find(row.name), std::string::npos) << row.name;
    EXPECT_NE(plan.find("- storage dir"), std::string::npos);
}

TEST_F(LifecycleTest, TraceTellsEveryStep) {
    trace.turn_on();
    step(Stage::pre_start, "a");
    life.run(Stage::resolve, Stage::exec, turns, trace);
    EXPECT_NE(trace.pack().find("a\tpre-start\thost"), std::string::npos);
}

/// Six steps on the host, each with a record; step `broken` fails after its intent.
class Unwinding : public testing::TestWithParam<int> {};

TEST_P(Unwinding, TakesBackExactlyWhatWasReachedNewestFirst) {
    const TemporaryDirectory directory;
    Journal journal = Journal::create(directory.path() + "/run", "/lxc", "web");
    std::vector<std::string> log;
    RecordedTurns turns{log};
    Trace trace;
    Lifecycle life;
    const int broken = GetParam();
    for (int i = 0; i < 6; ++i) {
        life.add(i < 3 ? Stage::pre_start : Stage::clone, cat("step ", i), [&journal, i, broken] {
            const uint64_t record = journal.intend("net", "fake", cat("change ", i));
            if (i == broken) throw Error(EIO, cat(i), "break");
            journal.complete(record, {});
        });
    }
    EXPECT_THROW(life.run(Stage::resolve, Stage::exec, turns, trace), Error);

    std::vector<std::string> undone, expected;
    EXPECT_THAT(unwind(journal, [&](const Record& record) { undone.push_back(record.text); }), IsEmpty());
    for (int i = broken; i >= 0; --i) expected.push_back(cat("change ", i));
    EXPECT_EQ(undone, expected);
    EXPECT_FALSE(base::exists(journal.directory()));
}
INSTANTIATE_TEST_SUITE_P(EveryStep, Unwinding, testing::Range(0, 6));

TEST(Unwind, GoesOnAfterAFailureAndKeepsWhatIsLeft) {
    const TemporaryDirectory directory;
    Journal journal = Journal::create(directory.path() + "/run", "/lxc", "web");
    for (const char* text : {"a", "b", "c"}) journal.complete(journal.intend("net", "fake", text), {});
    std::vector<std::string> undone;
    const std::vector<Error> failures = unwind(journal, [&](const Record& record) {
        if (record.text == "b") throw Error(EBUSY, "b", "remove");
        undone.push_back(record.text);
    });
    EXPECT_THAT(undone, ElementsAre("c", "a"));
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_THAT(failures.front().where(), ElementsAre("undo (net fake)"));
    const std::vector<Record> left = journal.open_records();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left.front().text, "b");
}

TEST(Unwind, TriesOnceMoreWhatFails) {
    const TemporaryDirectory directory;
    Journal journal = Journal::create(directory.path() + "/run", "/lxc", "web");
    for (const char* text : {"a", "b", "c"}) journal.complete(journal.intend("net", "fake", text), {});
    std::vector<std::string> tried;
    const std::vector<Error> failures = unwind(journal, [&](const Record& record) {
        tried.push_back(record.text);
        if (record.text == "b" && tried.size() < 3) throw Error(ENOMEM, "b", "remove");
    });
    EXPECT_THAT(tried, ElementsAre("c", "b", "a", "b"));
    EXPECT_THAT(failures, IsEmpty());
    EXPECT_FALSE(base::exists(journal.directory()));
}

TEST(Unwind, KeepsTheJournalForWhatIsNotChosen) {
    const TemporaryDirectory directory;
    Journal journal = Journal::create(directory.path() + "/run", "/lxc", "web");
    for (const char* text : {"a", "b", "c"}) journal.complete(journal.intend("net", "fake", text), {});
    std::vector<std::string> undone;
    const Undo undo = [&](const Record& record) { undone.push_back(record.text); };
    EXPECT_THAT(unwind(journal, undo, [](const Record& record) { return record.text != "b"; }), IsEmpty());
    EXPECT_THAT(undone, ElementsAre("c", "a"));
    EXPECT_FALSE(journal.closed());
    EXPECT_THAT(unwind(journal, undo, [](const Record& record) { return record.text == "b"; }), IsEmpty());
    EXPECT_THAT(undone, ElementsAre("c", "a", "b"));
    EXPECT_TRUE(journal.closed());
    EXPECT_FALSE(base::exists(journal.directory()));
}

TEST(Unwind, GoesOnAfterAnExceptionOfAnyKind) {
    const TemporaryDirectory directory;
    Journal journal = Journal::create(directory.path() + "/run", "/lxc", "web");
    for (const char* text : {"a", "b"}) journal.complete(journal.intend("net", "fake", text), {});
    const std::vector<Error> failures = unwind(journal, [&](const Record& record) {
        if (record.text == "b") throw std::out_of_range("too few words");
    });
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_STREQ(failures.front().what(), "too few words");
    EXPECT_EQ(journal.open_records().size(), 1U);
}

}  // namespace
}  // namespace keelson::lifecycle
