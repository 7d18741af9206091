#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <kernel/process/channel.hpp>
#include <kernel/process/clone.hpp>

namespace keelson::process {
namespace {

TEST(Channel, ErrorsTravelWhole) {
    auto [a, b] = Channel::pair();
    Error error(ENOENT, "/srv/web", "open", "make it");
    error.at("storage dir").at("stage mount");
    a.send('e', pack(error));
    const Error back = unpack(b.receive().text);
    EXPECT_STREQ(back.what(), error.what());
    EXPECT_EQ(back.hint(), "make it");
    EXPECT_THAT(back.where(), testing::ElementsAre("storage dir", "stage mount"));
}

TEST(Channel, DescriptorsArriveAsOnesOfOurOwn) {
    auto [a, b] = Channel::pair();
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const UniqueFd in(ends[0]), out(ends[1]);
    a.send('d', "pipe", {out.get()});
    const Channel::Message message = b.receive();
    ASSERT_EQ(message.fds.size(), 1U);
    ASSERT_EQ(::write(message.fds[0].get(), "x", 1), 1);
    char c = 0;
    ASSERT_EQ(::read(in.get(), &c, 1), 1);
    EXPECT_EQ(c, 'x');
}

TEST(Channel, TooManyDescriptorsAreRefused) {
    auto [a, b] = Channel::pair();
    EXPECT_THROW(a.send('d', "many", std::vector<int>(Channel::most_fds + 1, 0)), Error);
    a.send('d', "as many as fit", std::vector<int>(Channel::most_fds, 0));
    EXPECT_EQ(b.receive().fds.size(), Channel::most_fds);
}

TEST(Channel, LastWordsToNobodyAreNoFailure) {
    auto [a, b] = Channel::pair();
    b.close();
    EXPECT_THROW(a.send('x'), Error);
    a.fail(Error(EIO, "disk", "read"));
}

/// What a process made for `body` says, and its exit status.
std::pair<Channel::Message, int> outcome(const std::function<void()>& body) {
    auto [ours, theirs] = Channel::pair();
    const Clone child = clone_process({});
    if (child.pid == 0) work_and_end(theirs, body);
    theirs.close();
    Channel::Message message = ours.receive();
    return {std::move(message), shell_status(reap(child.pidfd.get()))};
}

TEST(WorkAndEnd, FailuresOfAnyKindAreTold) {
    const auto [ours, status] = outcome([] { throw Error(ENOENT, "/srv", "open", "make it"); });
    EXPECT_EQ(ours.kind, Channel::failure);
    EXPECT_EQ(unpack(ours.text).hint(), "make it");
    EXPECT_EQ(status, 1);
    const auto [others, same] = outcome([] { throw std::bad_alloc(); });
    EXPECT_EQ(unpack(others.text).message(), std::bad_alloc().what());
    EXPECT_EQ(same, 1);
    const auto [none, success] = outcome([] {});
    EXPECT_EQ(none.kind, 0);
    EXPECT_EQ(success, 0);
}

TEST(Channel, EndTellsItself) {
    auto [a, b] = Channel::pair();
    a.close();
    EXPECT_EQ(b.receive().kind, 0);
}

}  // namespace
}  // namespace keelson::process
