#include "network_caller.hpp"
#include "private_network.hpp"

namespace keelson::net {
namespace {

/// Names that are given to links: on the host by veth.pair and nat.bridge, inside by name.
class LinkNames : public PrivateNetwork {
protected:
    void SetUp() override {
        PrivateNetwork::SetUp();
        if (IsSkipped()) return;
        run("ip link add kltlink type veth peer name kltpeer");
        before_ = snapshot();
    }
    /// What the check says, and the start, which may come without it.
    static std::string refusal(const std::function<void()>& call) {
        try {
            call();
            return {};
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), EINVAL) << error.what();
            return error.what();
        }
    }
    void expect_refused(const std::string& type, const std::string& key, const std::string& value) {
        NetworkCaller network(type, {{key, value}, {"link", type == "veth" ? "" : "kltlink"}});
        const std::string said = refusal([&] { network.check(); });
        EXPECT_NE(said.find("\"" + value + "\""), std::string::npos) << type << ": " << said;
        EXPECT_NE(said.find("lxc.net.0." + key), std::string::npos) << type << ": " << said;
    }
    std::string before_;
};

TEST_F(LinkNames, OnTheHostAreThoseThatItFindsAgain) {
    const std::pair<const char*, const char*> keys[] = {{"veth", "veth.pair"}, {"nat", "nat.bridge"}};
    for (const auto& [type, key] : keys)
        for (const char* name : {"klt%d", "klt%", "%d", "klt/a", "klt a", "klt\ta", "klt:a", ".", "..", "kltofmorethan15b"}) {
            expect_refused(type, key, name);
            NetworkCaller network(type, {{key, name}});
            EXPECT_NE(refusal([&] { network.connect(container()); }), "") << type << " " << name;
            EXPECT_TRUE(network.records.empty()) << network.records[0];
            EXPECT_EQ(snapshot(), before_) << type << " " << name;
        }
}

TEST_F(LinkNames, OnTheHostMayBeAnyOther) {
    for (const char* name : {"klt.7", "klt-a_b@c", "kltof15bytes..."}) {
        NetworkCaller veth("veth", {{"veth.pair", name}}), nat("nat", {{"nat.bridge", name}});
        veth.check();
        EXPECT_EQ(veth.connect(container()).peer, name);
        veth.undo(container());
        nat.check();
        nat.connect(container());
        EXPECT_NE(HostLinks().index_of(name), 0U);
        nat.undo(container());
        EXPECT_EQ(snapshot(), before_) << name;
    }
}

TEST_F(LinkNames, InsideMayLeaveTheNumberToTheKernel) {
    const std::pair<const char*, const char*> types[] = {
        {"veth", ""}, {"nat", ""}, {"phys", "kltlink"}, {"macvlan", "kltlink"}};
    for (const auto& [type, link] : types) {
        for (const char* name : {"", "eth%d", "klt%dx", "klt0"})
            EXPECT_NO_THROW(NetworkCaller(type, {{"name", name}, {"link", link}}).check()) << type << " " << name;
        for (const char* name : {"klt%x", "klt%", "%d%d", "a/b", "a b", "a:b", "..", "."}) expect_refused(type, "name", name);
    }
}

}  // namespace
}  // namespace keelson::net
