// ipvlan and vlan; what they share with macvlan is tested there too.
#include "network_caller.hpp"
#include "private_network.hpp"

namespace keelson::net {
namespace {

class UpperLinks : public PrivateNetwork {
protected:
    void SetUp() override {
        PrivateNetwork::SetUp();
        if (IsSkipped()) return;
        run("ip link add kltlink type veth peer name kltpeer && ip link set kltlink up && ip link set kltpeer up");
        before_ = snapshot();
    }
    void skip_without(const std::string& kind) {
        if (!works(cat("ip link add link kltlink name klttry type ", kind)))
            GTEST_SKIP() << "this kernel makes no links of type " << kind;
        run("ip link del klttry");
    }
    std::string made(NetworkCaller& network) {
        network.check();
        const Handed handed = network.connect(container());
        const Inside there(container());
        return output("ip -d link show " + handed.inside);
    }
    static std::string refusal(NetworkCaller network) {
        try {
            network.check();
        } catch (const Error& error) {
            return error.object();
        }
        return "nothing";
    }
    std::string before_;
};

struct Ipvlan : UpperLinks {
    void SetUp() override {
        UpperLinks::SetUp();
        if (!IsSkipped()) skip_without("ipvlan");
    }
};

TEST_F(Ipvlan, IsMadeInTheContainerWithModeAndIsolation) {
    const std::pair<const char*, const char*> choices[] = {{"l2", "bridge"}, {"l3", "private"}, {"l3s", "vepa"}};
    for (const auto& [mode, isolation] : choices) {
        const std::string parent = cat("klt", mode);
        run(cat("ip link add ", parent, " type veth"));
        NetworkCaller ipvlan("ipvlan",
                             {{"link", parent}, {"ipvlan.mode", mode}, {"ipvlan.isolation", isolation}, {"mtu", "1300"}});
        const std::string link = made(ipvlan);
        EXPECT_NE(link.find(cat("mode ", mode, " ", isolation)), std::string::npos) << link;
        EXPECT_NE(link.find("mtu 1300"), std::string::npos) << link;
        EXPECT_TRUE(ipvlan.records.empty());
    }
}

TEST_F(Ipvlan, L2proxyRoutesOverLoopbackAndIsUndone) {
    run("sysctl -qw net.ipv4.conf.kltlink.forwarding=1");
    before_ = snapshot();
    NetworkCaller ipvlan("ipvlan",
                         {{"link", "kltlink"}, {"ipvlan.mode", "l3s"}, {"l2proxy", "1"}, {"ipv4.address", "10.9.8.7/32"}});
    made(ipvlan);
    EXPECT_NE(output("ip neigh show proxy").find("10.9.8.7 dev kltlink"), std::string::npos);
    EXPECT_NE(output("ip route").find("10.9.8.7 dev lo"), std::string::npos) << output("ip route");
    ipvlan.undo(container());
    ipvlan.undo(-1);
    EXPECT_EQ(snapshot(), before_);
}

struct IpvlanChecks : UpperLinks {};

TEST_F(IpvlanChecks, RefuseWhatAnIpvlanCannotDo) {
    EXPECT_EQ(refusal({"ipvlan", {{"link", "kltnone"}}}), "kltnone");
    EXPECT_EQ(refusal({"ipvlan", {{"link", "kltlink"}, {"ipv4.gateway", "auto"}}}), "lxc.net.0.ipv4.gateway");
    EXPECT_EQ(refusal({"ipvlan", {{"link", "kltlink"}, {"ipvlan.mode", "l2"}, {"l2proxy", "1"}}}), "lxc.net.0.l2proxy");
    EXPECT_EQ(refusal({"ipvlan", {{"link", "kltlink"}, {"mtu", "big"}}}), "lxc.net.0.mtu");
    EXPECT_EQ(refusal({"ipvlan", {{"link", "kltlink"}, {"ipv4.gateway", "dev"}}}), "nothing");
}

struct Vlan : UpperLinks {
    void SetUp() override {
        UpperLinks::SetUp();
        if (!IsSkipped()) skip_without("vlan id 5");
    }
};

TEST_F(Vlan, IsMadeInTheContainerWithItsNumber) {
    for (const char* number : {"0", "7", "4094"}) {
        NetworkCaller vlan("vlan", {{"link", "kltlink"}, {"vlan.id", number}, {"mtu", "1200"}});
        const std::string link = made(vlan);
        EXPECT_NE(link.find(cat("id ", number, " ")), std::string::npos) << link;
        EXPECT_NE(link.find("mtu 1200"), std::string::npos) << link;
    }
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Vlan, IsFreeForTheNextStartWhateverItsNameBecame) {
    for (int i = 0; i < 2; ++i) {
        NetworkCaller vlan("vlan", {{"link", "kltlink"}, {"vlan.id", "7"}});
        const std::string name = vlan.connect(container()).inside;
        {
            const Inside there(container());
            run("ip link set " + name + " name eth0");
        }
        vlan.undo(container());
        vlan.undo(container());
        const Inside there(container());
        EXPECT_EQ(output("ip link show eth0 2>&1").find("eth0:"), std::string::npos);
    }
}

TEST_F(Vlan, UndoLeavesTheLinkOfAnotherContainer) {
    NetworkCaller one("vlan", {{"link", "kltlink"}, {"vlan.id", "7"}}), other("vlan", {{"link", "kltlink"}}, "other");
    const std::string name = one.connect(container()).inside;
    other.records = one.records;
    other.undo(container());
    const Inside there(container());
    EXPECT_TRUE(works("ip link show " + name));
}

struct VlanChecks : UpperLinks {};

TEST_F(VlanChecks, RefuseANumberThatNoKernelTakes) {
    EXPECT_EQ(refusal({"vlan", {{"link", "kltlink"}, {"vlan.id", "4095"}}}), "lxc.net.0.vlan.id");
    EXPECT_EQ(refusal({"vlan", {{"link", "kltnone"}, {"vlan.id", "7"}}}), "kltnone");
    EXPECT_EQ(refusal({"vlan", {{"link", "kltlink"}, {"vlan.id", "7"}}}), "nothing");
}

}  // namespace
}  // namespace keelson::net
