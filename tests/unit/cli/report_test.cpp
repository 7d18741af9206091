#include <frontends/cli/json.hpp>
#include <frontends/cli/report.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace keelson;

Error rootfs_error() {
    Error error(EACCES, "/srv/web1/rootfs", "open", "chmod o+x /srv/web1");
    error.at("storage dir").at("stage mount");
    return error;
}

TEST(Report, ShowsStageCauseAndHint) {
    EXPECT_EQ(cli::for_people("web1 did not start", rootfs_error()),
              "keelson: web1 did not start\n"
              "  stage   mount (storage dir)\n"
              "  cause   open /srv/web1/rootfs: Permission denied\n"
              "  hint    chmod o+x /srv/web1\n");
}

TEST(Report, LeavesOutWhatIsNotKnown) {
    EXPECT_EQ(cli::for_people("web1 did not stop", Error(0, {}, "no answer")),
              "keelson: web1 did not stop\n  cause   no answer\n");
    EXPECT_EQ(cli::for_people("x", Error(0, {}, "no answer").at("net veth")),
              "keelson: x\n  where   net veth\n  cause   no answer\n");
}

TEST(Report, WrapsALongHintUnderItself) {
    const std::string hint = std::string(60, 'a') + " " + std::string(30, 'b') + " " + std::string(30, 'c');
    EXPECT_EQ(cli::for_people("x", Error(0, {}, "bad", hint)), "keelson: x\n  cause   bad\n  hint    " + std::string(60, 'a') +
                                                                   " " + std::string(30, 'b') + "\n          " +
                                                                   std::string(30, 'c') + "\n");
}

TEST(Report, TellsProgramsTheSame) {
    EXPECT_EQ(cli::for_programs("web1 did not start", "web1", rootfs_error()),
              R"({"error":{"what":"web1 did not start","container":"web1","stage":"mount","where":["storage dir"],)"
              R"("cause":"open /srv/web1/rootfs: Permission denied","object":"/srv/web1/rootfs","errno":13,)"
              R"("hint":"chmod o+x /srv/web1"}})"
              "\n");
}

TEST(Report, LogsCauseAndHint) {
    EXPECT_THAT(cli::for_log("web1 did not start", rootfs_error()),
                testing::ElementsAre("web1 did not start: mount (storage dir): open /srv/web1/rootfs: Permission denied",
                                     "hint: chmod o+x /srv/web1"));
}

TEST(Json, EscapesWhatMustBe) {
    EXPECT_EQ(cli::json::quote("a\"b\\c\nd\x01"), R"("a\"b\\c\nd\u0001")");
    EXPECT_EQ(cli::json::quote("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
}

TEST(Json, ReplacesWhatIsNotUtf8) {
    EXPECT_EQ(cli::json::quote("\xff"), R"("\ufffd")");
    EXPECT_EQ(cli::json::quote("\xc0\x80"), R"("\ufffd\ufffd")");
    EXPECT_EQ(cli::json::quote("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");
    EXPECT_EQ(cli::json::quote("a\xe2\x82"), R"("a\ufffd\ufffd")");
}

TEST(Json, WritesObjects) {
    cli::json::Object object;
    object.text("name", "web").number("pid", 12).flag("autostart", false).list("groups", {"a", "b"});
    EXPECT_EQ(object.str(), R"({"name":"web","pid":12,"autostart":false,"groups":["a","b"]})");
}

}  // namespace
