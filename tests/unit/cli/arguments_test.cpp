#include <sched.h>
#include <frontends/cli/arguments.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace keelson;
using namespace keelson::cli;
using monitor::State;

TEST(Arguments, NamespacesHaveTwoNamesEach) {
    EXPECT_EQ(parse_namespaces("MOUNT|net"), uint64_t{CLONE_NEWNS} | CLONE_NEWNET);
    EXPECT_EQ(parse_namespaces("utsname|UTS|Pid"), uint64_t{CLONE_NEWUTS} | CLONE_NEWPID);
    EXPECT_THROW(parse_namespaces("NETWORK|"), UsageError);
    EXPECT_THROW(parse_namespaces("foo"), UsageError);
}

TEST(Arguments, SizesAreMegabytesWithoutAUnit) {
    EXPECT_EQ(parse_bytes("fssize", "2"), 2U << 20);
    EXPECT_EQ(parse_bytes("fssize", "3k"), 3U << 10);
    EXPECT_EQ(parse_bytes("fssize", "1G"), 1U << 30);
    EXPECT_EQ(parse_bytes("fssize", "7b"), 7U);
    for (const char* bad : {"", "G", "1X", "1GG", "-1", "99999999999999T"})
        EXPECT_THROW(parse_bytes("fssize", bad), UsageError);
}

TEST(Arguments, StatesAreUpperCase) {
    EXPECT_THAT(parse_states("STOPPED|FROZEN"), testing::ElementsAre(State::stopped, State::frozen));
    EXPECT_THROW(parse_states("stopped"), UsageError);
    EXPECT_THROW(parse_states(""), UsageError);
}

TEST(Arguments, IdsAreDecimalAndFit) {
    EXPECT_EQ(parse_id("uid", "1000"), 1000U);
    for (const char* bad : {"foo", "-1", "", "4294967295", "1 "}) EXPECT_THROW(parse_id("uid", bad), UsageError);
}

TEST(Arguments, PatienceIsLongerThanItIsWaitedButFits) {
    EXPECT_EQ(patience(3), std::chrono::seconds(3));
    EXPECT_EQ(patience(-1), std::nullopt);
    const auto longest = patience(INT64_MAX);
    ASSERT_TRUE(longest);
    EXPECT_GT(std::chrono::milliseconds(*longest), std::chrono::years(99));
}

TEST(Arguments, PathsAreMadeAbsolute) {
    EXPECT_EQ(absolute("/a/b"), "/a/b");
    EXPECT_EQ(absolute(""), "");
    EXPECT_TRUE(absolute("c").starts_with("/"));
    EXPECT_TRUE(absolute("c").ends_with("/c"));
}

}  // namespace
