#include <frontends/cli/table.hpp>

#include <gtest/gtest.h>

namespace {

using namespace keelson::cli;

TEST(Table, PadsEveryCellTheLastToo) {
    EXPECT_EQ(format_table({"NAME", "STATE"}, {{"a", "STOPPED"}, {"longer", "RUNNING"}}),
              "NAME   STATE   \n"
              "a      STOPPED \n"
              "longer RUNNING \n");
}

TEST(Names, StandOneALineAndPaddedWithoutATerminal) { EXPECT_EQ(format_names({"a", "bbb"}, 0), "a  \nbbb\n"); }

TEST(Names, FillATerminalAcross) { EXPECT_EQ(format_names({"a", "bb", "c"}, 7), "a  bb\nc \n"); }

TEST(Field, HasItsValueInAColumn) { EXPECT_EQ(format_field("State:", "STOPPED"), "State:          STOPPED\n"); }

TEST(Size, IsTheGreatestUnitThatIsExceeded) {
    EXPECT_EQ(human_size(0), "0 bytes");
    EXPECT_EQ(human_size(1024), "1024 bytes");
    EXPECT_EQ(human_size(1025), "1.00 KiB");
    EXPECT_EQ(human_size(1572864), "1.50 MiB");
    EXPECT_EQ(human_size(3ULL << 30), "3.00 GiB");
}

}  // namespace
