#include <kernel/base/near_miss.hpp>

#include <gtest/gtest.h>

namespace keelson::base {
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
}  // namespace keelson::base
