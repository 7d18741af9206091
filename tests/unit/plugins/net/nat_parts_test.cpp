#include <gtest/gtest.h>
#include <plugins/net/nat/pool.hpp>
#include <plugins/net/nat/resolvers.hpp>

namespace keelson::net {
namespace {

using sdk::IpAddress;
using Servers = std::vector<std::string>;

IpAddress address(const char* text) { return *IpAddress::parse(text); }

TEST(Pool, TheFirstAddressIsTheBridges) {
    const Pool pool(address("10.93.0.0/24"));
    EXPECT_EQ(pool.gateway().text(), "10.93.0.1");
    EXPECT_EQ(pool.text(), "10.93.0.0/24");
    EXPECT_EQ(Pool(address("10.93.0.77/24")).text(), "10.93.0.0/24");
}

TEST(Pool, HoldsWhatAContainerMayHave) {
    const Pool pool(address("10.93.0.0/29"));
    for (const char* text : {"10.93.0.0", "10.93.0.1", "10.93.0.7", "10.93.1.2", "fe80::1"})
        EXPECT_FALSE(pool.contains(address(text))) << text;
    for (const char* text : {"10.93.0.2", "10.93.0.6"}) EXPECT_TRUE(pool.contains(address(text))) << text;
}

TEST(Pool, ChoosesTheSameAddressForTheSameOwnerWhileItIsFree) {
    const Pool pool(address("10.93.0.0/24"));
    const IpAddress first = *pool.choose("web", {});
    EXPECT_EQ(pool.choose("web", {})->text(), first.text());
    EXPECT_EQ(*first.prefix, 24U);
    const IpAddress second = *pool.choose("web", {first});
    EXPECT_NE(second.text(), first.text());
    EXPECT_TRUE(pool.contains(second));
}

TEST(Pool, GivesEachAddressOnceAndThenNone) {
    const Pool pool(address("10.93.0.0/29"));
    std::vector<IpAddress> taken;
    for (int i = 0; i < 5; ++i) {
        const std::optional<IpAddress> next = pool.choose("x", taken);
        ASSERT_TRUE(next);
        EXPECT_TRUE(pool.contains(*next));
        for (const IpAddress& other : taken) EXPECT_NE(other.text(), next->text());
        taken.push_back(*next);
    }
    EXPECT_FALSE(pool.choose("x", taken));
}

TEST(Pool, RefusesSubnetsWithoutRoom) {
    for (const char* text : {"10.0.0.0/30", "10.0.0.0/7", "10.0.0.1/32", "fd00::/64"})
        EXPECT_THROW(Pool{address(text)}, Error) << text;
}

TEST(Pool, KeepsAwayFromTheHostsRoutes) {
    EXPECT_EQ(free_pool({})->text(), "10.93.0.0/24");
    EXPECT_EQ(free_pool({address("10.93.0.128/25")})->text(), "10.193.93.0/24");
    EXPECT_EQ(free_pool({address("10.0.0.0/8")})->text(), "172.29.93.0/24");
    EXPECT_FALSE(free_pool({address("10.0.0.0/8"), address("172.16.0.0/12"), address("192.168.0.0/16")}));
}

TEST(Resolvers, LeavesOutWhatOnlyTheHostReaches) {
    EXPECT_EQ(reachable_servers("nameserver 127.0.0.53\nnameserver ::1\nnameserver fd00::1\n"), Servers{});
    EXPECT_EQ(reachable_servers("# nameserver 9.9.9.9\nsearch a b\n nameserver\t10.0.0.1 \nnameserver 10.0.0.2"),
              (Servers{"10.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(reachable_servers("nameserver\nnameserver x\nnameservers 1.2.3.4\n\n"), Servers{});
    EXPECT_EQ(reachable_servers(""), Servers{});
}

}  // namespace
}  // namespace keelson::net
