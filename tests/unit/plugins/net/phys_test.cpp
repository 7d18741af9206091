#include "network_caller.hpp"
#include "private_network.hpp"

namespace keelson::net {
namespace {

class Phys : public PrivateNetwork {
protected:
    void SetUp() override {
        PrivateNetwork::SetUp();
        if (IsSkipped()) return;
        run("ip link add kltphys0 type veth peer name kltpeer && ip link set kltphys0 up mtu 1450 alias 'the lab'");
        run("ip link property add dev kltphys0 altname kltanothername altname kltlongnameofmorethan15");
        before_ = snapshot();
    }
    std::string inside(const std::string& command) {
        const Inside there(container());
        return output(command);
    }
    std::string before_;
};

TEST_F(Phys, IsLentAndGivenBackAsItWas) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}, {"mtu", "1300"}});
    phys.check();
    const Handed handed = phys.connect(container());
    EXPECT_EQ(handed.name, "kltphys0");
    EXPECT_EQ(HostLinks().index_of("kltphys0"), 0U);
    EXPECT_NE(inside("ip link show " + handed.inside).find("mtu 1300"), std::string::npos);
    phys.undo(container());
    EXPECT_EQ(snapshot(), before_);
    phys.undo(container());
    phys.undo(-1);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Phys, ComesBackWhateverWasDoneToItInside) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    const Handed handed = phys.connect(container());
    inside(cat("ip link set ", handed.inside, " down; ip link set ", handed.inside, " name kltphys9 mtu 900 alias mine up;",
               "ip link property add dev kltphys9 altname kltphys0;", "ip link add ", handed.inside,
               " type veth peer name kltfake"));
    phys.undo(container());
    EXPECT_EQ(snapshot(), before_);
    EXPECT_NE(inside("ip link").find("kltfake"), std::string::npos) << "a link made inside stays there";
}

TEST_F(Phys, TwoLinksMaySwapTheirNames) {
    run("ip link add kltphys1 type veth peer name kltpeer1");
    const std::string before = snapshot();
    NetworkCaller zero("phys", {{"link", "kltphys0"}, {"name", "kltphys1"}});
    NetworkCaller one("phys", {{"link", "kltphys1"}, {"name", "kltphys0"}});
    const Handed first = zero.connect(container()), second = one.connect(container());
    inside(cat("ip link set ", first.inside, " name kltphys1; ip link set ", second.inside, " name kltphys0"));
    one.undo(container());
    zero.undo(container());
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Phys, PrefixTakesTheLastLinkThatFits) {
    run("ip link add kltphys7 type veth peer name kltpeer7");
    NetworkCaller phys("phys", {{"link", "kltphys+"}});
    phys.check();
    EXPECT_EQ(phys.connect(container()).name, "kltphys7");
    EXPECT_THROW(NetworkCaller("phys", {{"link", "kltnone+"}}).check(), Error);
}

TEST_F(Phys, UndoOfTheIntentAloneIsHarmless) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    phys.connect(container());
    phys.undo(container());
    phys.records = phys.intents;
    phys.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Phys, HalfLentLinkIsGivenBack) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    phys.connect(container());
    phys.undo(container());
    phys.records = phys.intents;
    // The intent's transient name is its second field.
    const std::string name = phys.intents[0].substr(9, phys.intents[0].find('\n', 9) - 9);
    run("ip link set kltphys0 down && ip link set kltphys0 name " + name);
    run("ip link property del dev " + name + " altname kltanothername altname kltlongnameofmorethan15");
    phys.undo(-1);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Phys, UnfinishedMoveIsFoundByItsTransientName) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    phys.connect(container());
    phys.records = phys.intents;
    phys.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Phys, AnAliasMayHoldAnything) {
    run("ip link set kltphys0 alias 'two\nlines and 3 words\n'");
    const std::string before = snapshot();
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    phys.connect(container());
    phys.undo(container());
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Phys, LoopbackIsRefused) { EXPECT_THROW(NetworkCaller("phys", {{"link", "lo"}}).check(), Error); }

}  // namespace
}  // namespace keelson::net
