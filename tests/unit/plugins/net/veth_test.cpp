#include "network_caller.hpp"
#include "private_network.hpp"

#include <chrono>
#include <thread>

namespace keelson::net {
namespace {

using Keys = NetworkCaller::Keys;

class Veth : public PrivateNetwork {
protected:
    void SetUp() override {
        PrivateNetwork::SetUp();
        if (IsSkipped()) return;
        run("ip link add kltbr type bridge && ip link set kltbr up mtu 1400");
        before_ = snapshot();
    }
    std::string before_;
};

TEST_F(Veth, PutsOneEndIntoTheBridgeAndTheOtherIntoTheContainer) {
    NetworkCaller veth("veth", {{"link", "kltbr"}});
    veth.check();
    const Handed handed = veth.connect(container());
    HostLinks host;
    const std::optional<LinkFacts> peer = host.find(handed.peer);
    ASSERT_TRUE(peer);
    EXPECT_TRUE(peer->up);
    EXPECT_EQ(peer->master, host.index_of("kltbr"));
    EXPECT_EQ(peer->alias, "keelson:/klt/klt");
    EXPECT_EQ(peer->mtu, 1400U);
    EXPECT_EQ(handed.peer.substr(0, 4), "veth");
    EXPECT_NE(output("ip link show " + handed.peer).find("link/ether fe:"), std::string::npos);
    const std::optional<LinkFacts> inside = HostLinks(container()).find(handed.inside);
    ASSERT_TRUE(inside);
    EXPECT_EQ(inside->mtu, 1400U);
}

TEST_F(Veth, UndoLeavesTheHostAsItWasAndMayRepeat) {
    NetworkCaller veth("veth", {{"link", "kltbr"}});
    veth.connect(container());
    EXPECT_NE(snapshot(), before_);
    veth.undo(container());
    EXPECT_EQ(snapshot(), before_);
    veth.undo(container());
    veth.undo(-1);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Veth, RecordIsWrittenBeforeTheLinkIsMade) {
    NetworkCaller veth("veth", {{"link", "kltbr"}});
    bool untouched = false;
    veth.on_intend = [&] { untouched = snapshot() == before_; };
    veth.connect(container());
    EXPECT_TRUE(untouched);
    ASSERT_EQ(veth.intents.size(), 1U);
}

TEST_F(Veth, UndoOfTheIntentAloneIsHarmless) {
    NetworkCaller veth("veth", {{"link", "kltbr"}});
    veth.records = {"vethKLTxyz"};
    veth.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Veth, NoIpv6AddressGrowsOnThePort) {
    NetworkCaller veth("veth", {{"link", "kltbr"}});
    const Handed handed = veth.connect(container());
    HostLinks inside(container());
    inside.netlink().request(link_message(RTM_SETLINK, 0, inside.index_of(handed.inside), 1, 1), "up", handed.inside);
    EXPECT_EQ(output("ip -6 addr show dev " + handed.peer), "");
}

TEST_F(Veth, ForeignLinkOfTheSameNameStaysUntouched) {
    run("ip link add kltpair type veth peer name kltother");
    const std::string before = snapshot();
    NetworkCaller veth("veth", {{"link", "kltbr"}, {"veth.pair", "kltpair"}});
    try {
        veth.connect(container());
        FAIL() << "the name is taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), EEXIST);
        EXPECT_EQ(error.object(), "kltpair");
        EXPECT_NE(error.hint().find("lxc.net.0.veth.pair"), std::string::npos);
    }
    EXPECT_EQ(snapshot(), before);
    veth.undo(container());
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Veth, LinkOfAContainerThatHasEndedIsWaitedFor) {
    run("ip link add kltpair type veth peer name kltother && ip link set kltpair alias keelson:/klt/ended");
    NetworkCaller veth("veth", {{"link", "kltbr"}, {"veth.pair", "kltpair"}});
    veth.on_intend = [] { run("(sleep 0.01; ip link del kltpair) >/dev/null 2>&1 &"); };
    EXPECT_EQ(veth.connect(container()).peer, "kltpair");
    EXPECT_EQ(HostLinks().find("kltpair")->alias, "keelson:/klt/klt");
}

TEST_F(Veth, LinkOfAnotherContainerStaysUntouched) {
    NetworkCaller one("veth", {{"link", "kltbr"}, {"veth.pair", "kltpair"}}, "kl");
    one.connect(container());
    const std::string before = snapshot();
    NetworkCaller other("veth", {{"link", "kltbr"}, {"veth.pair", "kltpair"}}, "klt");
    EXPECT_THROW(other.connect(container()), Error);
    other.undo(container());
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Veth, DyingNamespaceTakesThePair) {
    NetworkCaller veth("veth", {{"link", "kltbr"}});
    veth.connect(container());
    drop_container();
    veth.undo(-1);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Veth, MissingBridgeIsNamedWithTheWayToMakeIt) {
    NetworkCaller veth("veth", {{"link", "kltnone"}});
    try {
        veth.check();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "kltnone");
        EXPECT_EQ(error.code(), ENODEV);
        EXPECT_NE(error.hint().find("ip link add name kltnone type bridge"), std::string::npos);
        EXPECT_NE(error.hint().find("= nat"), std::string::npos);
    }
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Veth, LinkThatIsNoBridgeIsRefused) {
    run("ip link add klta type veth peer name kltb");
    NetworkCaller veth("veth", {{"link", "klta"}});
    try {
        veth.check();
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("not a bridge"), std::string::npos) << error.what();
    }
}

TEST_F(Veth, BadNumbersNameTheirKey) {
    for (const char* value : {"0", "-1", "1x", "99999999999"}) {
        NetworkCaller veth("veth", {{"link", "kltbr"}, {"mtu", value}});
        try {
            veth.check();
            FAIL() << value;
        } catch (const Error& error) {
            EXPECT_EQ(error.object(), "lxc.net.0.mtu");
        }
    }
}

const Keys proxied{{"link", "kltbr"},
                   {"veth.mode", "router"},
                   {"l2proxy", "1"},
                   {"ipv4.address", "10.9.8.7/24"},
                   {"ipv6.address", "fd00:9::7/64"}};

TEST_F(Veth, L2proxyNeedsALinkThatForwards) {
    for (const char* option : {"ipv4.conf.kltbr.forwarding", "ipv6.conf.kltbr.forwarding", "ipv6.conf.kltbr.proxy_ndp"}) {
        NetworkCaller veth("veth", proxied);
        try {
            veth.check();
            FAIL() << option;
        } catch (const Error& error) {
            EXPECT_EQ(error.object(), "lxc.net.0.l2proxy");
            EXPECT_EQ(error.hint(), cat("sysctl -w net.", option, "=1"));
        }
        run(cat("sysctl -qw net.", option, "=1"));
    }
    EXPECT_NO_THROW(NetworkCaller("veth", proxied).check());
}

TEST_F(Veth, L2proxyAnswersOnTheLinkForEachAddressUntilUndone) {
    run("ip neigh add proxy 10.9.8.6 dev kltbr");
    before_ = snapshot();
    NetworkCaller veth("veth", proxied);
    veth.connect(container());
    EXPECT_NE(output("ip neigh show proxy").find("10.9.8.7 dev kltbr"), std::string::npos);
    EXPECT_NE(output("ip -6 neigh show proxy").find("fd00:9::7 dev kltbr"), std::string::npos);
    veth.undo(container());
    veth.undo(-1);
    EXPECT_EQ(snapshot(), before_);
    EXPECT_EQ(output("ip -6 neigh show proxy"), "");
}

TEST_F(Veth, L2proxyLeavesWhatSomebodyElseAdded) {
    run("ip neigh add proxy 10.9.8.7 dev kltbr");
    before_ = snapshot();
    NetworkCaller veth("veth", proxied);
    veth.connect(container());
    veth.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Veth, L2proxyOfAnotherContainersAddressIsRefusedAndStays) {
    const UniqueFd second = make_namespace();
    const Keys same_address{{"link", "kltbr"}, {"l2proxy", "1"}, {"ipv6.address", "fd00:9::7/64"}};
    NetworkCaller first("veth", same_address, "klt1"), other("veth", same_address, "klt2");
    first.connect(container());
    const std::string running = output("ip -6 neigh show proxy");
    try {
        other.connect(second.get());
        FAIL() << "two containers have one address";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), EADDRINUSE);
        EXPECT_EQ(error.object(), "lxc.net.0.ipv6.address");
        EXPECT_NE(error.message().find("fd00:9::7"), std::string::npos);
    }
    other.undo(second.get());
    EXPECT_EQ(output("ip -6 neigh show proxy"), running);
    first.undo(container());
    EXPECT_EQ(output("ip -6 neigh show proxy"), "");
}

TEST_F(Veth, L2proxyOfAContainerThatHasJustEndedIsWaitedFor) {
    const UniqueFd second = make_namespace();
    NetworkCaller first("veth", proxied, "klt1"), other("veth", proxied, "klt2");
    first.connect(container());
    std::thread stop([&] {  // in the same namespace
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        first.undo(container());
    });
    EXPECT_NO_THROW(other.connect(second.get()));
    stop.join();
    other.undo(second.get());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Veth, L2proxyOfTheOwnStartThatDiedDoesNotBlockTheNext) {
    const Keys keys{{"link", "kltbr"}, {"l2proxy", "1"}, {"ipv4.address", "10.9.8.7/24"}};
    NetworkCaller died("veth", keys), next("veth", keys);
    died.connect(container());
    died.records = {died.intents[0]};  // the pair's record was still to come
    died.undo(-1);
    EXPECT_NO_THROW(next.connect(make_namespace().get()));
}

TEST_F(Veth, L2proxyWithoutALinkDoesNothing) {
    NetworkCaller veth("veth", {{"l2proxy", "1"}, {"ipv4.address", "10.9.8.7/24"}});
    veth.check();
    veth.connect(container());
    EXPECT_EQ(output("ip neigh show proxy"), "");
    EXPECT_EQ(veth.records.size(), 1U);
}

TEST_F(Veth, QueuesAndMtuAreThoseOfTheConfiguration) {
    NetworkCaller veth("veth", {{"link", "kltbr"}, {"mtu", "1300"}, {"veth.n_rxqueues", "3"}, {"veth.n_txqueues", "2"}});
    const Handed handed = veth.connect(container());
    const std::string link = output("ip -d link show " + handed.peer);
    EXPECT_NE(link.find("mtu 1300"), std::string::npos) << link;
    EXPECT_NE(link.find("numtxqueues 2 numrxqueues 3"), std::string::npos) << link;
}

TEST_F(Veth, WithoutALinkTheHostEndStaysLoose) {
    NetworkCaller veth("veth", {});
    veth.check();
    const std::optional<LinkFacts> peer = HostLinks().find(veth.connect(container()).peer);
    EXPECT_EQ(peer->master, 0U);
    EXPECT_TRUE(peer->up);
}

TEST_F(Veth, RouterModeRoutesToTheContainerAndAnswersForItsGateway) {
    NetworkCaller veth("veth", {{"veth.mode", "router"},
                                {"ipv4.address", "10.9.8.7/24"},
                                {"ipv4.gateway", "10.9.8.1"},
                                {"veth.ipv4.route", "10.77.0.0/16"}});
    veth.check();
    const Handed handed = veth.connect(container());
    EXPECT_NE(output("ip route").find("10.9.8.7 dev " + handed.peer), std::string::npos);
    EXPECT_NE(output("ip route").find("10.77.0.0/16 dev " + handed.peer), std::string::npos);
    EXPECT_NE(output("ip neigh show proxy").find("10.9.8.1 dev " + handed.peer), std::string::npos)
        << output("ip neigh show proxy");
    EXPECT_NE(output("sysctl net.ipv4.conf." + handed.peer + ".forwarding").find("= 1"), std::string::npos);
    veth.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Veth, VlansAreCheckedBeforeAnythingIsTouched) {
    const auto refused = [&](Keys keys) {
        try {
            NetworkCaller("veth", std::move(keys)).check();
        } catch (const Error& error) {
            return std::string(error.what()) + "; " + error.hint();
        }
        return std::string();
    };
    EXPECT_NE(refused({{"link", "kltbr"}, {"veth.vlan.id", "7"}}).find("vlan_filtering 1"), std::string::npos);
    EXPECT_NE(refused({{"veth.vlan.id", "7"}}).find("joins none"), std::string::npos);
    const Keys both{{"link", "kltbr"}, {"veth.vlan.id", "7"}, {"veth.vlan.tagged.id", "7"}};
    EXPECT_NE(refused(both).find("tagged or untagged"), std::string::npos);
}

TEST_F(Veth, VlansReplaceTheDefaultOfThePort) {
    if (!works("ip link set kltbr type bridge vlan_filtering 1")) GTEST_SKIP() << "the kernel's bridges do not filter VLANs";
    NetworkCaller veth("veth", {{"link", "kltbr"}, {"veth.vlan.id", "7"}, {"veth.vlan.tagged.id", "8"}});
    veth.check();
    const std::string vlans = output("bridge vlan show dev " + veth.connect(container()).peer);
    EXPECT_NE(vlans.find("7 PVID Egress Untagged"), std::string::npos) << vlans;
    EXPECT_NE(vlans.find(" 8"), std::string::npos) << vlans;
    EXPECT_EQ(vlans.find(" 1 "), std::string::npos) << vlans;
}

}  // namespace
}  // namespace keelson::net
