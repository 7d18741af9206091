#include <kernel/plugins/suggest.hpp>

#include <gtest/gtest.h>

namespace keelson::plugins {
namespace {

const std::vector<std::string> words{"veth", "macvlan", "phys", "none"};

TEST(NearMiss, FindsTheNearestWord) {
    EXPECT_EQ(near_miss("vteh", words), "veth");
    EXPECT_EQ(near_miss("macvlna", words), "macvlan");
    EXPECT_EQ(near_miss("mcvln", words), "macvlan");
}

TEST(NearMiss, StaysSilentWhenNothingIsNear) {
    EXPECT_EQ(near_miss("wireguard", words), "");
    EXPECT_EQ(near_miss("", words), "");
    EXPECT_EQ(near_miss("x", {"y"}), "");
}

}  // namespace
}  // namespace keelson::plugins
