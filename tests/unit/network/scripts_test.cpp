#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kernel/network/scripts.hpp>
#include <tests/support/fake_keys.hpp>

namespace keelson::network {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Scripts : public testing::Test {
protected:
    ScriptCall call(const std::string& text, const HandedLink& link, ScriptAction action = ScriptAction::up) {
        config_.load_text(text, "test");
        return script_call(config_, "web", link, action);
    }
    test::FakeKeys keys_;
    config::Config config_{keys_};
    const HandedLink veth_{0, "veth", "vethA", "vethB", {}, {}, {}, {}};
};

TEST_F(Scripts, VersionZeroTellsAllByArguments) {
    const std::string text =
        "lxc.net.0.type = veth\nlxc.net.0.link = br0\nlxc.net.0.script.up = /up\nlxc.net.0.script.down = /down x\n";
    const ScriptCall up = call(text, veth_);
    EXPECT_EQ(up.command, "/up");
    EXPECT_THAT(up.arguments, ElementsAre("web", "net", "up", "veth", "br0", "vethB"));
    EXPECT_THAT(up.environment, IsEmpty());
    const ScriptCall down = script_call(config_, "web", veth_, ScriptAction::down);
    EXPECT_EQ(down.command, "/down x");
    EXPECT_THAT(down.arguments, ElementsAre("web", "net", "down", "veth", "br0", "vethB"));
}

TEST_F(Scripts, VersionOneTellsByTheEnvironment) {
    const ScriptCall up = call("lxc.hook.version = 1\nlxc.net.0.type = veth\nlxc.net.0.link = br0\n", veth_);
    EXPECT_THAT(up.arguments, ElementsAre("veth", "br0", "vethB"));
    EXPECT_THAT(up.environment, ElementsAre("LXC_HOOK_TYPE=up", "LXC_HOOK_SECTION=net", "LXC_NET_TYPE=veth",
                                            "LXC_NET_PARENT=br0", "LXC_NET_PEER=vethB"));
}

TEST_F(Scripts, AnUnsetLinkIsNoArgument) {
    EXPECT_THAT(call("lxc.net.0.type = veth\n", veth_).arguments, ElementsAre("web", "net", "up", "veth", "vethB"));
    const ScriptCall one = call("lxc.hook.version = 1\n", veth_);
    EXPECT_THAT(one.environment, testing::Contains("LXC_NET_PARENT="));
}

TEST_F(Scripts, ADeviceWithoutAPeerHidesThatOfTheDeviceBefore) {
    const HandedLink macvlan{0, "macvlan", "mcA", {}, {}, {}, {}, {}};
    const ScriptCall up = call("lxc.hook.version = 1\nlxc.net.0.type = macvlan\nlxc.net.0.link = eth0\n", macvlan);
    EXPECT_THAT(up.arguments, ElementsAre("macvlan", "eth0"));
    EXPECT_THAT(up.environment, testing::Contains("LXC_NET_PEER"));
    const HandedLink empty{0, "empty", {}, {}, {}, {}, {}, {}};
    config_.clear();
    EXPECT_THAT(call("lxc.net.0.type = empty\n", empty).arguments, ElementsAre("web", "net", "up", "empty"));
}

}  // namespace
}  // namespace keelson::network
