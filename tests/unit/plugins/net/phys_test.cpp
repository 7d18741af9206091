#include "network_caller.hpp"
#include "private_network.hpp"

#include <linux/if.h>

#include <chrono>
#include <thread>

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
    /// What undo says without the container's namespace; empty when it succeeds.
    static std::string complaint(NetworkCaller& phys) {
        try {
            phys.undo(-1);
            return {};
        } catch (const Error& error) {
            return error.object();
        }
    }
    /// Replaces what the record says, as if the link were of another sort.
    static void say(NetworkCaller& phys, const std::string& present, const std::string& instead) {
        std::string& record = phys.records.back();
        const size_t place = record.find(present);
        ASSERT_NE(place, std::string::npos) << record;
        record.replace(place, present.size(), instead);
    }
    /// As the kernel does with hardware when a namespace dies.
    void bring_home(const std::string& inside) {
        const Inside there(container());
        HostLinks links;
        sdk::NetlinkMessage message = link_message(RTM_SETLINK, 0, links.index_of(inside), 0, IFF_UP);
        message.number<int32_t>(IFLA_NET_NS_FD, host_.get()).text(IFLA_IFNAME, "dev77");
        links.netlink().request(message, "bring home", inside);
    }
    std::string before_;
};

/// The kernel has kinds for all links that a test can make; a record that says otherwise makes one pass for hardware.
const std::string of_a_kind = "kind veth\n", hardware = "kind \n";

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

TEST_F(Phys, HardwareThatComesHomeLateIsWaitedFor) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}, {"mtu", "1300"}});
    const Handed handed = phys.connect(container());
    say(phys, of_a_kind, of_a_kind + "device /sys/devices\n");
    std::thread kernel([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        bring_home(handed.inside);
    });
    EXPECT_EQ(complaint(phys), "");
    kernel.join();
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Phys, HardwareThatDoesNotComeHomeIsNotForgotten) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    const Handed handed = phys.connect(container());
    say(phys, of_a_kind, hardware);
    inside(cat("ip link set ", handed.inside, " alias mine"));
    EXPECT_EQ(complaint(phys), "kltphys0");
    say(phys, hardware, of_a_kind);
    phys.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Phys, UnpluggedHardwareIsForgotten) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    phys.connect(container());
    say(phys, of_a_kind, hardware + "device /sys/devices/klt/0\n");
    drop_container();
    EXPECT_EQ(complaint(phys), "");
}

TEST_F(Phys, LinkThatDiedWithTheNamespaceIsForgottenAtOnce) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    phys.connect(container());
    drop_container();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(complaint(phys), "");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST_F(Phys, LinkInANamespaceThatSomebodyHoldsIsNotForgotten) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    phys.connect(container());
    EXPECT_EQ(complaint(phys), "kltphys0");
    drop_container();
    EXPECT_EQ(complaint(phys), "");
}

TEST_F(Phys, HardwareAddressIsGivenBack) {
    const HardwareAddress before = HostLinks().find("kltphys0")->address;
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    const Handed handed = phys.connect(container());
    inside(cat("ip link set ", handed.inside, " address 02:00:00:00:77:77"));
    phys.undo(container());
    EXPECT_EQ(HostLinks().find("kltphys0")->address, before);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Phys, AnEarlierLoansLinkIsNotTakenForThisOne) {
    run("ip link add kltleaked type veth peer name kltleakedpeer; ip link add kltphys1 type veth peer name kltpeer1");
    NetworkCaller phys("phys", {{"link", "kltphys1"}});
    const std::string earlier = HostLinks(container()).find(phys.connect(container()).inside)->alias;
    phys.undo(container());
    run(cat("ip link set kltleaked alias '", earlier, "'"));
    const std::string before = snapshot();
    phys.records.clear();
    bring_home(phys.connect(container()).inside);
    EXPECT_EQ(complaint(phys), "");
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Phys, AnotherLinkUnderTheNumberOfTheDeletedOneStaysInside) {
    const unsigned other_end = HostLinks().index_of("kltpeer");
    for (const std::string& kind : {std::string("bridge"), cat("veth peer name kltfake index ", other_end)}) {
        run(cat("ip link show kltphys0 >/dev/null 2>&1 || ip link add kltphys0 index 9 type veth peer name kltpeer index ",
                other_end));
        NetworkCaller phys("phys", {{"link", "kltphys0"}});
        const Handed handed = phys.connect(container());
        const LinkFacts lent = *HostLinks(container()).find(handed.inside);
        inside(cat("ip link del ", handed.inside, "; ip link add ", handed.inside, " index ", lent.index, " type ", kind));
        inside(cat("ip link set ", handed.inside, " alias '", lent.alias, "'"));
        const std::string there = inside("ip link");
        const LinkFacts other = *HostLinks(container()).find(handed.inside);
        ASSERT_EQ(other.index, lent.index) << kind;
        ASSERT_EQ(other.lower.index, kind.starts_with("veth") ? lent.lower.index : 0) << kind;
        EXPECT_NO_THROW(phys.undo(container())) << kind;
        EXPECT_EQ(inside("ip link"), there) << kind;
        EXPECT_EQ(HostLinks().index_of("kltphys0"), 0U) << kind;
        inside("ip link del " + handed.inside);
    }
}

TEST_F(Phys, OtherHardwareStaysInside) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    const Handed handed = phys.connect(container());
    say(phys, of_a_kind, of_a_kind + "parent klt/0\n");
    phys.undo(container());
    EXPECT_NE(HostLinks(container()).index_of(handed.inside), 0U);
    EXPECT_EQ(HostLinks().index_of("kltphys0"), 0U);
}

TEST_F(Phys, AnotherLinkThatWearsTheMarkOnTheHostIsLeftAlone) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    const std::string mark = HostLinks(container()).find(phys.connect(container()).inside)->alias;
    drop_container();
    run("while ip link show kltpeer >/dev/null 2>&1; do sleep 0.01; done");
    run(cat("ip link add kltother type bridge && ip link set kltother alias '", mark, "'"));
    const std::string before = snapshot();
    EXPECT_EQ(complaint(phys), "");
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Phys, BothEndsOfAPairMayBeLentToOneContainerOrTwo) {
    const UniqueFd second = make_namespace();
    run("ip link set kltpeer alias 'the other end' up");
    const std::string before = snapshot();
    for (const int other : {container(), second.get()}) {
        NetworkCaller one("phys", {{"link", "kltphys0"}}, "klt1"), two("phys", {{"link", "kltpeer"}}, "klt2");
        one.connect(container());
        two.connect(other);
        two.undo(other);
        one.undo(container());
        EXPECT_EQ(snapshot(), before);
    }
    NetworkCaller one("phys", {{"link", "kltphys0"}}, "klt1"), two("phys", {{"link", "kltpeer"}}, "klt2");
    one.connect(container());
    two.connect(second.get());
    one.undo(container());
    two.undo(second.get());
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Phys, RecordsOfBeforeAreUnderstood) {
    NetworkCaller phys("phys", {{"link", "kltphys0"}});
    const Handed handed = phys.connect(container());
    const std::string tag = "keelson:/klt/klt kltphys0";
    phys.records = {cat("kltphys0\n", handed.inside, "\n", tag, "\n7\n", HostLinks(container()).index_of(handed.inside),
                        "\n1450\n1\n2\nkltanothername\nkltlongnameofmorethan15\nthe lab")};
    inside(cat("ip link set ", handed.inside, " alias '", tag, "'"));
    bring_home(handed.inside);
    EXPECT_EQ(complaint(phys), "");
    EXPECT_EQ(snapshot(), before_);
    EXPECT_EQ(complaint(phys), "");
}

TEST_F(Phys, LoopbackIsRefused) { EXPECT_THROW(NetworkCaller("phys", {{"link", "lo"}}).check(), Error); }

}  // namespace
}  // namespace keelson::net
