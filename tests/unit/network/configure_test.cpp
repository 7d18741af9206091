#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <kernel/network/inside.hpp>
#include <kernel/network/visitor.hpp>
#include <kernel/process/clone.hpp>
#include <tests/support/fake_keys.hpp>
#include <tests/unit/plugins/net/private_network.hpp>

namespace keelson::network {
namespace {

using net::HostLinks;
using testing::ElementsAre;
using testing::IsEmpty;

HandedLink handed(unsigned index, const std::string& inside, const std::string& preferred = {}) {
    return {index, "veth", inside, "x", preferred, {}, {}, {}};
}

/// The test's own namespace is the container's.
class Configure : public net::PrivateNetwork {
protected:
    void SetUp() override {
        PrivateNetwork::SetUp();
        if (IsSkipped()) return;
        run("ip link set lo down");
        run("ip link add kltA type veth peer name kltpeerA && ip link set kltpeerA up");
        run("ip link add kltB type veth peer name kltpeerB && ip link set kltpeerB up");
    }
    std::vector<std::string> configure_with(const std::string& text, const std::vector<HandedLink>& links) {
        config_.load_text(text, "test");
        return configure(config_, links, find_auto_gateways(config_));
    }
    static std::string routes() { return output("ip route show default; ip -6 route show default"); }

    test::FakeKeys keys_;
    config::Config config_{keys_};
};

TEST_F(Configure, RenamesAddressesAndBringsUp) {
    const auto names = configure_with(
        "lxc.net.0.type = veth\nlxc.net.0.flags = up\nlxc.net.0.name = lan\nlxc.net.0.hwaddr = "
        "02:00:00:aa:bb:cc\nlxc.net.0.mtu = 1300\n"
        "lxc.net.0.ipv4.address = 10.5.0.2/16 10.5.9.9\nlxc.net.0.ipv4.address = 10.6.0.2/31\nlxc.net.0.ipv6.address = "
        "fd00:5::2/64\n"
        "lxc.net.0.ipv4.gateway = 10.5.0.1\nlxc.net.0.ipv6.gateway = fd00:5::1\n",
        {handed(0, "kltA")});
    EXPECT_THAT(names, ElementsAre("lan"));
    const std::string link = output("ip addr show lan");
    for (const char* part :
         {"mtu 1300", "02:00:00:aa:bb:cc", ",UP", "10.5.0.2/16 brd 10.5.9.9", "10.6.0.2/31 scope", "fd00:5::2/64"})
        EXPECT_NE(link.find(part), std::string::npos) << part << " in\n" << link;
    EXPECT_NE(routes().find("default via 10.5.0.1 dev lan"), std::string::npos) << routes();
    EXPECT_NE(routes().find("default via fd00:5::1 dev lan"), std::string::npos) << routes();
    EXPECT_TRUE(HostLinks().find("lo")->up);
}

TEST_F(Configure, DevicesWithANameGoFirstAndTheOthersTakeTheNextNumber) {
    const auto names = configure_with("lxc.net.0.type = veth\nlxc.net.1.type = veth\nlxc.net.1.name = eth0\n",
                                      {handed(0, "kltA"), handed(1, "kltB")});
    EXPECT_THAT(names, ElementsAre("eth0", "eth1"));
    EXPECT_FALSE(HostLinks().find("eth0")->up);
    EXPECT_FALSE(HostLinks().find("lo")->up);
}

TEST_F(Configure, NamesMayBeSwapped) {
    const auto names = configure_with("lxc.net.0.type = veth\nlxc.net.1.type = veth\n",
                                      {handed(0, "kltA", "ethx"), handed(1, "kltB", "ethy")});
    EXPECT_THAT(names, ElementsAre("ethx", "ethy"));
}

TEST_F(Configure, GatewayOffTheSubnetGetsARouteOfItsOwn) {
    configure_with(
        "lxc.net.0.type = veth\nlxc.net.0.flags = up\nlxc.net.0.ipv4.address = 10.5.0.2/32\nlxc.net.0.ipv4.gateway = "
        "192.0.2.1\n"
        "lxc.net.0.ipv6.address = fd00:5::2/128\nlxc.net.0.ipv6.gateway = fd00:9::1\n",
        {handed(0, "kltA")});
    EXPECT_NE(output("ip route").find("192.0.2.1 dev eth0 scope link"), std::string::npos);
    EXPECT_NE(routes().find("default via 192.0.2.1 dev eth0"), std::string::npos) << routes();
    EXPECT_NE(routes().find("default via fd00:9::1 dev eth0"), std::string::npos) << routes();
}

TEST_F(Configure, DeviceGateway) {
    configure_with(
        "lxc.net.0.type = veth\nlxc.net.0.flags = up\nlxc.net.0.ipv4.address = 10.5.0.2/32\nlxc.net.0.ipv4.gateway = dev\n"
        "lxc.net.0.ipv6.address = fd00:5::2/128\nlxc.net.0.ipv6.gateway = dev\n",
        {handed(0, "kltA")});
    EXPECT_NE(routes().find("default dev eth0 scope link"), std::string::npos) << routes();
    EXPECT_NE(output("ip -6 route show default").find("default dev eth0"), std::string::npos) << routes();
}

TEST_F(Configure, AutomaticGatewayIsTheLinksFirstAddress) {
    run("ip addr add 10.5.0.1/24 dev kltpeerA; ip addr add 10.5.0.77/24 dev kltpeerA; ip addr add fd00:5::1/64 dev kltpeerA "
        "nodad");
    config_.load_text(
        "lxc.net.4.type = veth\nlxc.net.4.link = kltpeerA\nlxc.net.4.ipv4.gateway = auto\nlxc.net.4.ipv6.gateway = auto\n",
        "test");
    const std::vector<AutoGateway> found = find_auto_gateways(config_);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].index, 4U);
    EXPECT_EQ(found[0].ipv4, "10.5.0.1");
    EXPECT_EQ(found[0].ipv6, "fd00:5::1");
}

TEST_F(Configure, AutomaticGatewayWithoutALinkOrAddressSaysSo) {
    for (const char* link : {"", "lxc.net.0.link = kltnone\n", "lxc.net.0.link = kltB\n"}) {
        config_.clear();
        config_.load_text(cat("lxc.net.0.type = veth\n", link, "lxc.net.0.ipv4.gateway = auto\n"), "test");
        try {
            find_auto_gateways(config_);
            FAIL() << link;
        } catch (const Error& error) {
            EXPECT_EQ(error.object(), "lxc.net.0.ipv4.gateway");
            EXPECT_FALSE(error.hint().empty());
        }
    }
}

TEST_F(Configure, KernelsRefusalNamesDeviceAndStep) {
    const std::string twice =
        "lxc.net.0.type = veth\nlxc.net.0.ipv4.address = 10.5.0.2/24\nlxc.net.0.ipv4.address = 10.5.0.2/24\n";
    try {
        configure_with(twice, {handed(0, "kltA")});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "lxc.net.0 (eth%d)");
        EXPECT_NE(error.message().find("add address 10.5.0.2/24"), std::string::npos);
        EXPECT_EQ(error.code(), EEXIST);
    }
    config_.clear();
    try {
        configure_with("lxc.net.0.type = veth\nlxc.net.0.name = kltB\n", {handed(0, "kltpeerA")});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "lxc.net.0 (kltB)");
        EXPECT_NE(error.message().find("name it kltB"), std::string::npos);
    }
}

TEST_F(Configure, ALinkThatIsNotThereIsNamed) {
    EXPECT_THROW(configure_with("lxc.net.0.type = veth\n", {handed(0, "kltgone")}), Error);
}

TEST_F(Configure, AVisitorSeesAnotherNamespaceAndIsAtHomeAfterwards) {
    run("ip link set lo up; ip link set kltA up mtu 1400; ip addr add 10.5.0.2/24 dev kltA; ip addr add fd00:5::2/64 dev kltA "
        "nodad");
    run("ip addr add 10.5.0.3/24 dev kltA; ip link set kltpeerA up");
    const process::Clone sleeper = process::clone_process({});
    if (sleeper.pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) ::pause();
    }
    {
        const net::Inside elsewhere(container());
        Visitor visitor;
        const NetworkFacts found = visitor.visit(sleeper.pid, true);
        EXPECT_THAT(found.interfaces, ElementsAre("kltA", "kltB", "kltpeerA", "kltpeerB", "lo"));
        EXPECT_THAT(found.ipv4, ElementsAre("10.5.0.2", "10.5.0.3")) << "without that of lo";
        EXPECT_THAT(found.ipv6, ElementsAre("fd00:5::2")) << "without the link-local one";
        EXPECT_THAT(visitor.visit(sleeper.pid).interfaces, IsEmpty()) << "they were not asked for";
    }
    {
        const net::Inside elsewhere(container());
        Visitor().visit(sleeper.pid);
        EXPECT_EQ(HostLinks().list().size(), 1U) << "in the namespace of before";
    }
    process::send_signal(sleeper.pidfd.get(), SIGKILL);
    process::reap(sleeper.pidfd.get());
    EXPECT_THROW(Visitor().visit(sleeper.pid), Error);
}

}  // namespace
}  // namespace keelson::network
