#include "network_caller.hpp"
#include "private_network.hpp"

namespace keelson::net {
namespace {

class Macvlan : public PrivateNetwork {
protected:
    void SetUp() override {
        PrivateNetwork::SetUp();
        if (IsSkipped()) return;
        run("ip link add kltlink type veth peer name kltpeer && ip link set kltlink up && ip link set kltpeer up");
        before_ = snapshot();
    }
    std::string inside(const std::string& command) {
        const Inside there(container());
        return output(command);
    }
    std::string before_;
};

TEST_F(Macvlan, IsMadeInTheContainerWithItsMode) {
    for (const char* mode : {"private", "vepa", "bridge", "passthru"}) {
        run(cat("ip link add kltl-", mode, " type veth peer name kltp-", mode));
        NetworkCaller macvlan("macvlan", {{"link", cat("kltl-", mode)}, {"macvlan.mode", mode}, {"mtu", "1200"}});
        macvlan.check();
        const std::string link = inside("ip -d link show " + macvlan.connect(container()).inside);
        EXPECT_NE(link.find(cat("macvlan mode ", mode)), std::string::npos) << link;
        EXPECT_NE(link.find("mtu 1200"), std::string::npos) << link;
    }
}

TEST_F(Macvlan, TheHostHasNothingToTakeBack) {
    NetworkCaller macvlan("macvlan", {{"link", "kltlink"}});
    macvlan.connect(container());
    EXPECT_EQ(snapshot(), before_);
    EXPECT_TRUE(macvlan.records.empty());
}

TEST_F(Macvlan, MissingLinkIsNamed) {
    NetworkCaller macvlan("macvlan", {{"link", "kltnone"}});
    try {
        macvlan.check();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "kltnone");
        EXPECT_NE(error.hint().find("lxc.net.0.link"), std::string::npos);
    }
}

TEST_F(Macvlan, TheKernelsRefusalNamesTheLink) {
    NetworkCaller first("macvlan", {{"link", "kltlink"}, {"macvlan.mode", "passthru"}});
    NetworkCaller second("macvlan", {{"link", "kltlink"}, {"macvlan.mode", "private"}});
    first.connect(container());
    try {
        second.connect(container());
        FAIL() << "a link with a passthru macvlan takes no other";
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "kltlink");
    }
}

}  // namespace
}  // namespace keelson::net
