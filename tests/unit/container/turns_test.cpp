#include <gtest/gtest.h>

#include <fcntl.h>
#include <kernel/container/turns.hpp>
#include <kernel/process/clone.hpp>

namespace keelson::container {
namespace {

/// What the host takes under "ttys" after the child has handed over so many descriptors.
size_t handed_over(size_t count) {
    ChannelTurns turns;
    turns.open();
    const process::Clone child = process::clone_process({});
    if (child.pid == 0) {
        turns.became_child();
        turns.hand_over("ttys", std::vector<int>(count, 0));
        turns.pass();
        ::_exit(0);
    }
    turns.became_host();
    turns.wait();
    process::reap(child.pidfd.get());
    return turns.take("ttys").size();
}

TEST(ChannelTurns, DescriptorsOfAnyNumberGoOver) {
    for (const size_t count : {size_t{0}, size_t{1}, process::Channel::most_fds, 3 * process::Channel::most_fds + 5})
        EXPECT_EQ(handed_over(count), count);
}

TEST(ChannelTurns, DescriptorsAreThereBeforeTheTurn) {
    ChannelTurns turns;
    turns.open();
    const process::Clone child = process::clone_process({});
    if (child.pid == 0) {
        turns.became_child();
        turns.hand_over("none", {});
        turns.hand_over("net", {0});
        const bool answered = turns.wait_for("cgroups").size() == 2;
        turns.pass();
        ::_exit(answered ? 0 : 1);
    }
    turns.became_host();
    EXPECT_EQ(turns.wait_for("net").size(), 1u);
    EXPECT_EQ(turns.wait_for("none").size(), 0u);
    turns.hand_over("cgroups", {0, 1});
    turns.wait();
    EXPECT_EQ(process::reap(child.pidfd.get()), 0);
}

TEST(ChannelTurns, WhoWaitsForDescriptorsHearsWhyTheyDoNotCome) {
    ChannelTurns turns;
    turns.open();
    const process::Clone child = process::clone_process({});
    if (child.pid == 0) {
        turns.became_child();
        turns.fail(Error(ENOSPC, "", "make a network namespace"));
        ::_exit(0);
    }
    turns.became_host();
    process::reap(child.pidfd.get());
    turns.hand_over("cgroups", {0});  // nobody is there any more: that is no error of its own
    try {
        turns.wait_for("net");
        FAIL() << "descriptors came from a process that has failed";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ENOSPC) << error.what();
    }
}

TEST(ChannelTurns, AChildWhoseHostDiedSaysSoToNobody) {
    ChannelTurns turns;
    turns.open();
    turns.became_host();
    turns.close();
    turns.fail(Error(EIO, "disk", "read"));
}

TEST(ChannelTurns, AChildSeesThatItsHostDied) {
    ChannelTurns turns;
    turns.open();
    const process::Clone child = process::clone_process({});
    if (child.pid == 0) {
        turns.became_child();
        if (turns.abandoned()) ::_exit(1);
        try {
            turns.pass();
            turns.wait();
        } catch (const Error&) {
        }
        ::_exit(turns.abandoned() ? 0 : 2);
    }
    turns.became_host();
    turns.wait();
    EXPECT_FALSE(turns.abandoned());
    turns.close();
    EXPECT_EQ(process::reap(child.pidfd.get()), 0);
}

}  // namespace
}  // namespace keelson::container
