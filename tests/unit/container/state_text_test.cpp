#include <gtest/gtest.h>
#include <keelson/sdk/error.hpp>
#include <kernel/container/state_text.hpp>

namespace keelson::container {
namespace {

const RuntimeState some{{"cgroup", "a\nb"}, {"config", ""}, {"lsm landlock", std::string("\0\xff\n", 3)}, {"namespaces", "42"}};

TEST(StateText, BytesOfAnyKindComeBack) { EXPECT_EQ(unpack_state(pack_state(some), "state"), some); }

TEST(StateText, NothingLessThanTheWholeIsTaken) {
    const std::string text = pack_state(some);
    for (size_t length = 0; length < text.size(); ++length)
        EXPECT_THROW(unpack_state(text.substr(0, length), "state"), Error) << length << " bytes";
}

TEST(StateText, SizesThatCannotBeAreRefused) {
    for (const char* size : {"18446744073709551615", "18446744073709551606", "99999999999999999999", "-1", "3", ""})
        EXPECT_THROW(unpack_state(std::string("namespaces\n") + size + "\n42\n", "state"), Error) << size;
}

}  // namespace
}  // namespace keelson::container
