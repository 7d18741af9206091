#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kernel/base/file.hpp>
#include <kernel/lifecycle/journal.hpp>
#include <tests/support/private_mounts.hpp>

#include <atomic>
#include <thread>

namespace keelson::lifecycle {
namespace {

struct JournalTest : testing::Test {
    JournalTest() { top = ::mkdtemp(name); }
    ~JournalTest() override { std::system(cat("rm -rf ", top).c_str()); }
    char name[32] = "/tmp/klt-journal-XXXXXX";
    std::string top;
    std::string directory() const { return top + "/run/web"; }
    Journal create() const { return Journal::create(directory(), "/var/lib/lxc", "web"); }
    std::string text() const { return base::read_file(directory() + "/journal"); }
    void write(const std::string& content) const { base::write_file(directory() + "/journal", content); }
};

TEST_F(JournalTest, DirectoryIsPrivate) {
    const Journal journal = create();
    struct stat facts {};
    ASSERT_EQ(::stat(directory().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0700U);
}

TEST_F(JournalTest, TextOfAnyKindComesBack) {
    Journal journal = create();
    const std::string odd = "a b\nc\\d \\n";
    journal.intend("storage", "loop", odd);
    const uint64_t second = journal.intend("net", "veth", "");
    journal.complete(second, "vethX 7");
    const std::vector<Record> records = journal.open_records();
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].text, odd);
    EXPECT_FALSE(records[0].complete);
    EXPECT_EQ(records[1].text, "vethX 7");
    EXPECT_TRUE(records[1].complete);
}

TEST_F(JournalTest, WhatFollowsHalfALineCounts) {
    create();
    write("keelson-journal 1 /var/lib/lxc web\n+ 1 net veth kltv0\n+ 2 storage lo");
    std::optional<Journal> journal = Journal::of_the_dead(directory());
    ASSERT_TRUE(journal);
    ASSERT_EQ(journal->open_records().size(), 1U);
    journal->strike(1);
    EXPECT_TRUE(journal->open_records().empty());
}

TEST_F(JournalTest, WhatCouldNotBeTakenBackStaysWrittenDownForTheNextLife) {
    {
        Journal life = create();
        life.intend("net", "phys", "klt0");
        life.strike(life.intend("cgroup", "hybrid", "web"));
    }
    Journal next = create();
    ASSERT_EQ(next.open_records().size(), 1U);
    EXPECT_EQ(next.open_records()[0].text, "klt0");
    const uint64_t fresh = next.intend("net", "veth", "klt1");
    next.strike(1);
    ASSERT_EQ(next.open_records().size(), 1U);
    EXPECT_EQ(next.open_records()[0].id, fresh);
    next.strike(fresh);
    { const Journal given_back = std::move(next); }
    EXPECT_EQ(create().open_records().size(), 0U);
    EXPECT_EQ(text(), "keelson-journal 1 /var/lib/lxc web\n");
}

TEST_F(JournalTest, WhereThereIsNoRoomForALineThereIsNoneForHalfOfIt) {
    test::in_private_mounts([this] {
        ASSERT_EQ(::mount("none", top.c_str(), "tmpfs", 0, "size=8k"), 0);
        Journal journal = create();
        const uint64_t kept = journal.intend("net", "veth", "klt0");
        const auto fill = [&journal] { journal.intend("net", "veth", std::string(3000, 'x')); };
        EXPECT_THROW(for (int i = 0; i < 4; ++i) fill(), Error);
        const std::vector<Record> records = journal.open_records();
        EXPECT_TRUE(text().ends_with("\n"));
        ASSERT_EQ(records[0].id, kept);
        journal.strike(kept);
        EXPECT_EQ(journal.open_records().size(), records.size() - 1);
    });
}

TEST_F(JournalTest, LivingMonitorKeepsItsJournal) {
    const Journal journal = create();
    EXPECT_FALSE(Journal::of_the_dead(directory()));
    EXPECT_THROW(create(), Error);
}

TEST_F(JournalTest, NobodyWaitsForALivingMonitor) {
    const Journal journal = create();
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(Journal::of_the_dead(directory(), std::chrono::minutes(1)));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST_F(JournalTest, WhoStillTakesBackWhatAnEndedContainerNeededIsWaitedFor) {
    std::optional<Journal> journal = create();
    journal->intend("net", "veth", "vethX");
    journal->say_ended();
    EXPECT_FALSE(Journal::of_the_dead(directory(), std::chrono::milliseconds(5)));
    std::atomic<bool> over = false;
    std::thread ending([&] {
        ::usleep(20'000);
        over = true;
        journal.reset();
    });
    const std::optional<Journal> left = Journal::of_the_dead(directory(), std::chrono::minutes(1));
    EXPECT_TRUE(over);
    ending.join();
    ASSERT_TRUE(left);
    EXPECT_EQ(left->name(), "web");
    EXPECT_EQ(left->open_records().size(), 1U);
}

TEST_F(JournalTest, WhoTakesBackWhatADeadOneLeftIsWaitedFor) {
    create().intend("net", "veth", "vethX");
    std::optional<Journal> first = Journal::of_the_dead(directory());
    ASSERT_TRUE(first);
    std::atomic<bool> over = false;
    std::thread ending([&] {
        ::usleep(20'000);
        over = true;
        first->close();
    });
    EXPECT_FALSE(Journal::of_the_dead(directory(), std::chrono::minutes(1)));
    EXPECT_TRUE(over);
    ending.join();
}

TEST_F(JournalTest, NothingIsLeftOfWhoWasWaitedForAndIsDone) {
    Journal journal = create();
    journal.say_ended();
    std::thread ending([&] {
        ::usleep(20'000);
        journal.close();
    });
    EXPECT_FALSE(Journal::of_the_dead(directory(), std::chrono::minutes(1)));
    EXPECT_FALSE(base::exists(directory()));
    ending.join();
}

TEST_F(JournalTest, WhoRecoversMeanwhileTakesNoNewJournalAway) {
    std::atomic<bool> done = false;
    std::thread recovering([&] {
        while (!done) {
            if (std::optional<Journal> journal = Journal::of_the_dead(directory())) journal->close();
        }
    });
    for (int i = 0; i < 500; ++i) {
        std::optional<Journal> journal;
        try {
            journal.emplace(create());
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), EBUSY) << error.what();
            continue;
        }
        journal->intend("net", "veth", "vethX");
        EXPECT_NO_THROW(EXPECT_EQ(journal->open_records().size(), 1U));
        journal->close();
    }
    done = true;
    recovering.join();
}

TEST_F(JournalTest, JournalOfADeadProcessIsFoundWithItsName) {
    const pid_t child = ::fork();
    if (child == 0) {
        Journal journal = create();
        journal.intend("net", "veth", "vethX");
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    std::optional<Journal> journal = Journal::of_the_dead(directory());
    ASSERT_TRUE(journal);
    EXPECT_EQ(journal->name(), "web");
    EXPECT_EQ(journal->lxcpath(), "/var/lib/lxc");
    ASSERT_EQ(journal->open_records().size(), 1U);
    EXPECT_GT(journal->intend("net", "veth", "next"), journal->open_records()[0].id);
    journal->close();
    EXPECT_FALSE(base::exists(directory()));
}

TEST_F(JournalTest, TruncatedAtEveryByteItNeverInventsARecord) {
    std::string whole;
    {
        Journal journal = create();
        journal.complete(journal.intend("net", "veth", "one"), {});
        journal.strike(journal.intend("net", "veth", "two"));
        whole = text();
    }
    for (size_t size = 0; size <= whole.size(); ++size) {
        ::unlink((directory() + "/journal").c_str());
        base::open_file(directory() + "/journal", 0101, 0600);
        write(whole.substr(0, size));
        const std::optional<Journal> journal = Journal::of_the_dead(directory());
        ASSERT_TRUE(journal);
        for (const Record& record : journal->open_records()) {
            EXPECT_TRUE(record.text == "one" || record.text == "two") << size << " " << record.text;
        }
    }
}

TEST_F(JournalTest, LinkInItsPlaceIsRefused) {
    base::make_directories(directory(), 0700);
    ASSERT_EQ(::symlink("/etc/passwd", (directory() + "/journal").c_str()), 0);
    EXPECT_THROW(create(), Error);
}

}  // namespace
}  // namespace keelson::lifecycle
