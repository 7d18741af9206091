#include <kernel/container/life.hpp>
#include <kernel/process/clone.hpp>
#include <tests/support/command_socket.hpp>

namespace {

using namespace keelson;
using namespace std::chrono_literals;
using container::Life;
using keelson::test::CommandSocket;
using monitor::State;

TEST_F(CommandSocket, ALifeIsOverAtItsEndAndItsNextOneIsLeftAlone) {
    Life life(client);
    container.init = process::open_pidfd(::getpid());
    EXPECT_FALSE(life.over());
    EXPECT_TRUE(life.init_handle());
    EXPECT_FALSE(life.wait_until_over(10ms));
    end();
    begin();  // the next monitor, under the same address
    EXPECT_TRUE(life.over());
    EXPECT_FALSE(life.init_handle()) << "that of the next life";
    EXPECT_TRUE(life.wait_until_over(std::nullopt));
    life.kill();
    EXPECT_EQ(container.stops, 0);
}

TEST_F(CommandSocket, ALifeIsOverWhenTheContainerBootsAgain) {
    Life life(client);
    announce(State::stopped);
    EXPECT_TRUE(life.over());
    life.kill();
    EXPECT_EQ(container.stops, 0);
}

TEST_F(CommandSocket, AKilledLifeEndsWithItsMonitor) {
    container.init = process::open_pidfd(::getpid());
    std::thread killer([this] { Life(client).kill(); });
    while (container.stops == 0) std::this_thread::sleep_for(1ms);
    end();
    begin();
    killer.join();
    EXPECT_EQ(container.stops, 1);
}

TEST_F(CommandSocket, NobodyLivesWhereNobodyListens) {
    end();
    Life life(client);
    EXPECT_TRUE(life.over());
    EXPECT_TRUE(life.wait_until_over(std::nullopt));
    life.kill();
}

}  // namespace
