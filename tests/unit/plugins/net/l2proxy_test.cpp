// With routes over lo, as an ipvlan has them; the rest is tested with veth.
#include "private_network.hpp"

#include <sys/wait.h>
#include <plugins/net/common/l2proxy.hpp>
#include <tests/support/fake_plugin_context.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace keelson::net {
namespace {

class L2proxy : public PrivateNetwork {
protected:
    void SetUp() override {
        PrivateNetwork::SetUp();
        if (IsSkipped()) return;
        for (const char* link : {"kltone", "kltother"}) run(cat("ip link add ", link, " up type veth"));
        before_ = entries();
    }
    static test::FakePluginContext container_on(const std::string& link) {
        test::FakePluginContext context("klt-" + link);
        context.lines = {{"link", link}, {"l2proxy", "1"}, {"ipv4.address", "10.9.8.7/24"}, {"ipv6.address", "fd00:9::7/64"}};
        return context;
    }
    static void start(test::FakePluginContext& context, bool over_loopback = true) {
        HostLinks links;
        start_l2proxy(links, context.context(), sdk::Device{0}, over_loopback);
    }
    static void stop(const test::FakePluginContext& context, bool over_loopback = true) {
        HostLinks links;
        for (const std::string& record : context.records) EXPECT_TRUE(undo_l2proxy(links, record, over_loopback));
    }
    static int refusal(test::FakePluginContext& context) {
        try {
            start(context);
            return 0;
        } catch (const Error& error) {
            return error.code();
        }
    }
    static std::string entries() {
        return output("for f in -4 -6; do ip $f neigh show proxy; ip $f route show dev lo proto 75; done");
    }
    std::string before_;
};

TEST_F(L2proxy, AnswersAndRoutesUntilUndone) {
    test::FakePluginContext context = container_on("kltone");
    start(context);
    for (const char* entry : {"10.9.8.7 dev kltone", "fd00:9::7 dev kltone", "10.9.8.7 scope link", "fd00:9::7 metric"})
        EXPECT_NE(entries().find(entry), std::string::npos) << entry << " in\n" << entries();
    stop(context);
    stop(context);
    EXPECT_EQ(entries(), before_);
}

TEST_F(L2proxy, AnotherContainersAddressIsRefusedAndStaysOnTheSameLinkAndOnAnother) {
    test::FakePluginContext first = container_on("kltone");
    start(first);
    const std::string running = entries();
    for (const char* link : {"kltone", "kltother"}) {
        test::FakePluginContext second = container_on(link);
        EXPECT_EQ(refusal(second), EADDRINUSE) << link;
        EXPECT_TRUE(second.records.empty());
        stop(second);
        EXPECT_EQ(entries(), running) << link;
    }
    stop(first);
    EXPECT_EQ(entries(), before_);
}

TEST_F(L2proxy, OfStartsAtOnceWithOneAddressOneGetsIt) {
    constexpr int count = 4;
    for (int i = 0; i < count; ++i) {
        if (::fork() != 0) continue;
        test::FakePluginContext context = container_on(i % 2 == 0 ? "kltone" : "kltother");
        // Long enough for the others to look whether the address is free.
        context.on_intend = [] { std::this_thread::sleep_for(std::chrono::milliseconds(100)); };
        const int refused = refusal(context);
        if (refused != 0) stop(context);
        ::_exit(refused);
    }
    std::vector<int> ends;
    for (int i = 0; i < count; ++i) {
        int status = 0;
        ::wait(&status);
        ends.push_back(WEXITSTATUS(status));
    }
    std::ranges::sort(ends);
    EXPECT_EQ(ends, (std::vector<int>{0, EADDRINUSE, EADDRINUSE, EADDRINUSE}));
    for (const char* entry : {"10.9.8.7 dev klt", "fd00:9::7 dev klt", "10.9.8.7 scope link", "fd00:9::7 metric"})
        EXPECT_NE(entries().find(entry), std::string::npos) << entry << " in\n" << entries();
}

TEST_F(L2proxy, WhoHasNoRoutesTakesNoneAway) {
    test::FakePluginContext routed = container_on("kltone"), plain = container_on("kltother");
    start(routed);
    const std::string running = entries();
    start(plain, false);
    stop(plain, false);
    EXPECT_EQ(entries(), running);
}

}  // namespace
}  // namespace keelson::net
