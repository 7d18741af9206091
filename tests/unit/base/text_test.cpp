#include <gtest/gtest.h>

#include <kernel/base/text.hpp>

namespace {

using namespace keelson::base;
using Views = std::vector<std::string_view>;

TEST(Text, TrimsBlanksOnBothSides) {
    EXPECT_EQ(trim(" \t a b\r\n"), "a b");
    EXPECT_EQ(trim(" \t"), "");
    EXPECT_EQ(trim(""), "");
}

TEST(Text, SplitsAtEverySeparator) {
    EXPECT_EQ(split("a:b", ':'), (Views{"a", "b"}));
    EXPECT_EQ(split(":a::", ':'), (Views{"", "a", "", ""}));
    EXPECT_EQ(split("", ':'), (Views{""}));
}

TEST(Text, FindsWordsBetweenBlanks) {
    EXPECT_EQ(words("  one\ttwo  "), (Views{"one", "two"}));
    EXPECT_TRUE(words(" \t ").empty());
    EXPECT_TRUE(words("").empty());
}

TEST(Text, Joins) {
    EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
    EXPECT_EQ(join({"", ""}, ","), ",");
    EXPECT_EQ(join({}, ","), "");
}

TEST(Text, ShowsNoControlCharacter) {
    EXPECT_EQ(printable("a\x1b[1m\n\t\x7f"), "a?[1m???");
    EXPECT_EQ(printable("a\nb\tc\r", "\n\t"), "a\nb\tc?");
    EXPECT_EQ(printable("\xc3\xa4 \xc2\xa0 \xc2\x9b \xc2"), "\xc3\xa4 \xc2\xa0 ?? \xc2");
}

TEST(Text, ReadsNumbersAsCWritesThem) {
    EXPECT_EQ(parse_unsigned("0"), 0u);
    EXPECT_EQ(parse_unsigned("010"), 8u);
    EXPECT_EQ(parse_unsigned("0x10"), 16u);
    EXPECT_EQ(parse_unsigned("0XfF"), 255u);
    EXPECT_EQ(parse_unsigned("+7"), 7u);
    EXPECT_EQ(parse_unsigned("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(parse_signed("-010"), -8);
    EXPECT_EQ(parse_signed("9223372036854775807"), INT64_MAX);
    EXPECT_EQ(parse_signed("-9223372036854775808"), INT64_MIN);
}

TEST(Text, RefusesWhatIsNoNumber) {
    for (const char* text : {"", " 1", "1 ", "-1", "4x", "08", "0x", "+", "+-1", "0x-1", "18446744073709551616", "one"}) {
        EXPECT_FALSE(parse_unsigned(text)) << text;
    }
    for (const char* text : {"", "-", "--1", "-+1", "1.5", "9223372036854775808", "-9223372036854775809"}) {
        EXPECT_FALSE(parse_signed(text)) << text;
    }
}

TEST(Text, HashesAsPublished) {
    EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325u);
    EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cu);
    EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8u);
}

}  // namespace
