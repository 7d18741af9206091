#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <kernel/process/channel.hpp>

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

TEST(Channel, EndTellsItself) {
    auto [a, b] = Channel::pair();
    a.close();
    EXPECT_EQ(b.receive().kind, 0);
}

}  // namespace
}  // namespace keelson::process
