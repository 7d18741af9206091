#include <kernel/monitor/survey.hpp>
#include <tests/support/command_socket.hpp>

#include <atomic>

namespace {

using namespace keelson;
using namespace keelson::monitor;
using namespace std::chrono_literals;
using keelson::test::CommandSocket;

TEST_F(CommandSocket, ASurveyAsksAllBeforeItWaits) {
    const UniqueFd silent = CommandServer::listen(path, "silent"), dying = CommandServer::listen(path, "dying");
    ASSERT_EQ(::fcntl(dying.get(), F_SETFL, 0), 0);
    std::atomic<bool> over = false;
    std::thread monitor([&] {  // half an answer each time it is asked
        while (!over) {
            const UniqueFd fd(::accept4(dying.get(), nullptr, nullptr, SOCK_CLOEXEC));
            (void)!::send(fd.get(), "12345678", 8, MSG_NOSIGNAL);
        }
    });
    std::vector<std::string> names(300, "web");
    names.insert(names.begin() + 1, {"silent", "other", "dying"});
    Survey survey(path, names, 200ms);
    EXPECT_EQ(survey.next().init, 4711);
    EXPECT_THROW(survey.next(), Error) << "silent";
    EXPECT_EQ(survey.next().state, State::stopped) << "nobody";
    EXPECT_THROW(survey.next(), Error) << "dying";
    for (size_t i = 4; i < names.size(); ++i) EXPECT_EQ(survey.next().init, 4711) << i;
    over = true;
    CommandClient(path, "dying", 5s).ask_status();
    monitor.join();
}

TEST_F(CommandSocket, ASurveyIsNotHeldUpByManyThatDoNotAnswer) {
    constexpr size_t silent = 20;
    std::vector<UniqueFd> crowded;
    std::vector<std::string> names;
    for (size_t i = 0; i < silent; ++i) {
        names.push_back(cat("silent", i));
        crowded.push_back(CommandServer::take_address(path, names.back()));
        ASSERT_EQ(::listen(crowded.back().get(), 0), 0);
        UniqueFd first(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const AbstractAddress address(command_address(path, names.back()));
        ASSERT_EQ(::connect(first.get(), address.get(), address.length()), 0) << "the only place in the queue";
        crowded.push_back(std::move(first));
    }
    names.emplace_back("web");
    const auto begin = Clock::now();
    Survey survey(path, names, 500ms);
    for (size_t i = 0; i < silent; ++i) EXPECT_THROW(survey.next(), Error) << i;
    EXPECT_EQ(survey.next().init, 4711);
    EXPECT_LT(Clock::now() - begin, silent * 500ms / 2);
}

}  // namespace
