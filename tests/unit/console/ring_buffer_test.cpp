#include <kernel/console/ring_buffer.hpp>

#include <gtest/gtest.h>

namespace {

using keelson::console::RingBuffer;

TEST(RingBuffer, KeepsTheLastBytes) {
    RingBuffer buffer(8);
    buffer.write("abcdef");
    buffer.write("ghij");
    EXPECT_EQ(buffer.peek(100), "cdefghij");
    EXPECT_EQ(buffer.peek(3), "cde");
    buffer.write("0123456789abcdef");
    EXPECT_EQ(buffer.peek(100), "89abcdef");
}

TEST(RingBuffer, GivesUpWhatIsDiscarded) {
    RingBuffer buffer(4);
    buffer.write("abcd");
    buffer.discard(3);
    EXPECT_EQ(buffer.peek(4), "d");
    buffer.write("efg");
    EXPECT_EQ(buffer.peek(4), "defg");
    buffer.discard(9);
    EXPECT_EQ(buffer.size(), 0U);
    EXPECT_EQ(buffer.peek(4), "");
}

TEST(RingBuffer, OfNothingKeepsNothing) {
    RingBuffer buffer(0);
    buffer.write("abc");
    EXPECT_EQ(buffer.peek(9), "");
}

}  // namespace
