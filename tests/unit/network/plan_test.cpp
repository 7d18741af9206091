#include <gtest/gtest.h>
#include <kernel/network/plan.hpp>
#include <tests/support/fake_keys.hpp>

namespace keelson::network {
namespace {

class Plan : public testing::Test {
protected:
    NetworkPlan plan(const std::string& text, const std::vector<HandedLink>& links,
                     const std::vector<AutoGateway>& found = {}) {
        config_.load_text(text, "test");
        return plan_network(config_, links, found);
    }
    Error refused(const std::string& text, const std::vector<HandedLink>& links) {
        try {
            plan(text, links);
        } catch (const Error& error) {
            return error;
        }
        return {0, "nothing was refused", {}};
    }

    test::FakeKeys keys_;
    config::Config config_{keys_};
    const HandedLink zero_{0, "veth", "vethA", "vethB", {}, {}, {}, {}};
    const HandedLink one_{1, "veth", "vethC", "vethD", {}, {}, {}, {}};
};

TEST_F(Plan, NamedDevicesGoFirst) {
    const NetworkPlan plan_ = plan("lxc.net.0.type = veth\nlxc.net.1.type = veth\nlxc.net.1.name = eth0\n", {zero_, one_});
    ASSERT_EQ(plan_.links.size(), 2U);
    EXPECT_EQ(plan_.links[0].name, "eth0");
    EXPECT_EQ(plan_.links[0].name_now, "vethC");
    EXPECT_EQ(plan_.links[1].name, "eth%d");
    EXPECT_FALSE(plan_.links[0].up);
    EXPECT_FALSE(plan_.loopback_up);
}

TEST_F(Plan, PluginsPreferredNameCountsWhenNoneIsConfigured) {
    HandedLink link = zero_;
    link.preferred_name = "enp3s0";
    EXPECT_EQ(plan("lxc.net.0.type = veth\n", {link}).links[0].name, "enp3s0");
    EXPECT_EQ(plan("lxc.net.0.name = lan\n", {link}).links[0].name, "lan");
}

TEST_F(Plan, FlagsBringUpTheDeviceAndTheLoopback) {
    EXPECT_TRUE(plan("lxc.net.0.type = veth\nlxc.net.0.flags = up\n", {zero_}).links[0].up);
    HandedLink none{3, "empty", {}, {}, {}, {}, {}, {}};
    const NetworkPlan plan_ = plan("lxc.net.3.type = empty\nlxc.net.3.flags = up\n", {none});
    EXPECT_TRUE(plan_.links.empty());
    EXPECT_TRUE(plan_.loopback_up);
}

TEST_F(Plan, WhatAPluginGivesAnAddressComesUpByItself) {
    HandedLink link = zero_;
    link.addresses = {"10.93.0.7/24"};
    link.gateway = "10.93.0.1";
    const NetworkPlan plan_ = plan("lxc.net.0.type = veth\n", {link});
    EXPECT_TRUE(plan_.links[0].up);
    EXPECT_TRUE(plan_.loopback_up);
    ASSERT_EQ(plan_.links[0].gateways.size(), 1U);
    EXPECT_EQ(plan_.links[0].gateways[0].address->text(), "10.93.0.1");
}

TEST_F(Plan, ConfiguredGatewayGoesBeforeThePlugins) {
    HandedLink link = zero_;
    link.addresses = {"10.93.0.7/24"};
    link.gateway = "10.93.0.1";
    const NetworkPlan plan_ = plan("lxc.net.0.type = veth\nlxc.net.0.ipv4.gateway = 10.93.0.254\n", {link});
    EXPECT_EQ(plan_.links[0].gateways.at(0).address->text(), "10.93.0.254");
}

TEST_F(Plan, GatewayNeedsALinkThatIsUpAndAnAddress) {
    const Error down =
        refused("lxc.net.0.type = veth\nlxc.net.0.ipv4.address = 10.0.0.2/24\nlxc.net.0.ipv4.gateway = 10.0.0.1\n", {zero_});
    EXPECT_EQ(down.object(), "lxc.net.0.ipv4.gateway");
    EXPECT_NE(down.hint().find("flags = up"), std::string::npos);
    const Error bare = refused("lxc.net.0.type = veth\nlxc.net.0.flags = up\nlxc.net.0.ipv4.gateway = 10.0.0.1\n", {zero_});
    EXPECT_EQ(bare.object(), "lxc.net.0.ipv4.gateway");
    EXPECT_NE(bare.hint().find("ipv4.address"), std::string::npos);
}

TEST_F(Plan, LinkLocalGatewayNeedsNoAddress) {
    const NetworkPlan plan_ = plan("lxc.net.0.type = veth\nlxc.net.0.flags = up\nlxc.net.0.ipv6.gateway = fe80::1\n", {zero_});
    EXPECT_EQ(plan_.links[0].gateways.at(0).address->text(), "fe80::1");
}

TEST_F(Plan, AutomaticAndDeviceGateways) {
    const std::string text =
        "lxc.net.0.type = veth\nlxc.net.0.flags = up\nlxc.net.0.ipv4.address = 10.0.0.2/24\nlxc.net.0.ipv4.gateway = auto\n"
        "lxc.net.0.ipv6.address = fd00::2/64\nlxc.net.0.ipv6.gateway = dev\n";
    const NetworkPlan plan_ = plan(text, {zero_}, {{0, "10.0.0.9", {}}});
    ASSERT_EQ(plan_.links[0].gateways.size(), 2U);
    EXPECT_EQ(plan_.links[0].gateways[0].address->text(), "10.0.0.9");
    EXPECT_FALSE(plan_.links[0].gateways[1].address);
}

TEST_F(Plan, BadValuesNameTheirKey) {
    EXPECT_EQ(refused("lxc.net.0.type = veth\nlxc.net.0.hwaddr = aa:bb\n", {zero_}).object(), "lxc.net.0.hwaddr");
    EXPECT_EQ(refused("lxc.net.0.type = veth\nlxc.net.0.mtu = big\n", {zero_}).object(), "lxc.net.0.mtu");
}

TEST(NetworkAddress, PrefixAndBroadcast) {
    EXPECT_EQ(parse_address("10.0.3.7/24")->broadcast->text(), "10.0.3.255");
    EXPECT_EQ(parse_address("10.0.3.7/24 10.0.3.127")->broadcast->text(), "10.0.3.127");
    EXPECT_FALSE(parse_address("10.0.3.6/31")->broadcast);
    EXPECT_FALSE(parse_address("10.0.3.6/32")->broadcast);
    EXPECT_EQ(parse_address("10.0.0.0/0")->broadcast->text(), "255.255.255.255");
    EXPECT_EQ(*parse_address("10.0.0.200")->address.prefix, 8U);
    EXPECT_EQ(*parse_address("172.16.0.1")->address.prefix, 16U);
    EXPECT_EQ(*parse_address("192.168.1.5")->address.prefix, 24U);
    EXPECT_EQ(*parse_address("fd00::1")->address.prefix, 64U);
    EXPECT_FALSE(parse_address("fd00::1/64")->broadcast);
    for (const char* text :
         {"", "10.0.0", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/x", "fd00::1/129", "fd00::1/64 10.0.0.1", "a b c"})
        EXPECT_FALSE(parse_address(text)) << text;
}

TEST(HardwareAddress, SixPairs) {
    EXPECT_EQ(parse_hardware_address("00:16:3e:AB:cd:ef"), (std::array<unsigned char, 6>{0, 0x16, 0x3e, 0xab, 0xcd, 0xef}));
    for (const char* text : {"", "00:16:3e:ab:cd", "00:16:3e:ab:cd:xx", "00-16-3e-ab-cd-ef", "00:16:3e:ab:cd:ef:"})
        EXPECT_FALSE(parse_hardware_address(text)) << text;
}

}  // namespace
}  // namespace keelson::network
