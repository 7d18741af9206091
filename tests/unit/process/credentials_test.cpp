#include <gtest/gtest.h>

#include <linux/capability.h>
#include <kernel/process/credentials.hpp>
#include <tests/support/fake_keys.hpp>

namespace keelson::process {
namespace {

bool keeps(const std::string& text) {
    test::FakeKeys keys;
    config::Config config(keys);
    config.load_text(text, "web/config");
    return keeps_capability(config, CAP_NET_ADMIN);
}

TEST(Capabilities, KeepAndDropSayWhatIsLeft) {
    EXPECT_TRUE(keeps(""));
    EXPECT_FALSE(keeps("lxc.cap.drop = sys_time net_admin\n"));
    EXPECT_FALSE(keeps("lxc.cap.drop = 12\n"));
    EXPECT_FALSE(keeps("lxc.cap.keep = chown\n"));
    EXPECT_TRUE(keeps("lxc.cap.keep = chown net_admin\n"));
    EXPECT_FALSE(keeps("lxc.cap.keep = none\n"));
}

TEST(Capabilities, NoneForgetsWhatWasNamedBefore) {
    EXPECT_FALSE(keeps("lxc.cap.keep = net_admin\nlxc.cap.keep = none\n"));
    EXPECT_TRUE(keeps("lxc.cap.keep = none\nlxc.cap.keep = net_admin\n"));
}

}  // namespace
}  // namespace keelson::process
