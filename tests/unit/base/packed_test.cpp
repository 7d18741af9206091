#include <keelson/sdk/error.hpp>
#include <kernel/base/packed.hpp>

#include <fcntl.h>

#include <gtest/gtest.h>

namespace {

using namespace keelson;
using base::Packer;
using base::Unpacker;

TEST(Packed, ComesOutAsItWentIn) {
    Packer inner, packer;
    inner.text("within");
    packer.text("");
    packer.text(std::string_view("a:\n\0b", 5));
    packer.number(-1);
    packer.number(UINT64_C(1) << 40);
    packer.number(true);
    packer.nested(inner);
    Unpacker unpacker(packer.str());
    EXPECT_EQ(unpacker.text(), "");
    EXPECT_EQ(unpacker.text(), std::string_view("a:\n\0b", 5));
    EXPECT_EQ(unpacker.number<int>(), -1);
    EXPECT_EQ(unpacker.number<uint64_t>(), UINT64_C(1) << 40);
    EXPECT_TRUE(unpacker.flag());
    EXPECT_EQ(Unpacker(unpacker.text()).text(), "within");
}

TEST(Packed, WhatIsDamagedIsRefused) {
    for (const char* text : {"", "5:abc", "x:", ":", "99999999999999999999:", "-1:"})
        EXPECT_THROW(Unpacker(text).text(), Error) << text;
    for (const char* text : {"0:", "1:x", "2:1 ", "20:99999999999999999999"})
        EXPECT_THROW(Unpacker(text).number<int>(), Error) << text;
}

TEST(Packed, ADescriptorOutlivesExecOnlyWhilePassedOn) {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    Packer inner, packer;
    inner.fd(fd);
    inner.fd(-1);
    packer.nested(inner);
    ASSERT_EQ(packer.fds(), std::vector<int>{fd});
    base::pass_on(packer.fds(), true);
    EXPECT_EQ(::fcntl(fd, F_GETFD), 0);
    Unpacker unpacker(inner.str());
    const UniqueFd owned = unpacker.fd();
    EXPECT_EQ(owned.get(), fd);
    EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
    EXPECT_FALSE(unpacker.fd());
}

}  // namespace
