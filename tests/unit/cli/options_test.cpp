#include <frontends/cli/options.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using keelson::cli::Option;
using keelson::cli::Options;
using keelson::cli::UsageError;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Option known[] = {
    {'n', "name", "NAME", "the name"},
    {'F', "foreground", nullptr, "stay"},
    {'d', "daemon", nullptr, "go"},
    {'e', "elevated-privileges", "[LIST]", "more"},
    {'v', "set-var", "NAME=VALUE", "a variable"},
    {'t', "timeout", "SECONDS", "how long"},
    {'?', nullptr, nullptr, nullptr},
    {0, "logfile", "FILE", nullptr},
    {0, "logpriority", "LEVEL", nullptr},
};

Options parse(const std::vector<std::string>& arguments) { return Options(known, arguments); }

std::string complaint(const std::vector<std::string>& arguments) {
    try {
        parse(arguments);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "no complaint";
}

TEST(Options, TakesOptionsBehindWords) {
    const auto options = parse({"web", "-F", "sh", "--name", "x"});
    EXPECT_TRUE(options.has("foreground"));
    EXPECT_EQ(options.value("name"), "x");
    EXPECT_THAT(options.words, ElementsAre("web", "sh"));
}

TEST(Options, StopsAtTwoDashes) {
    const auto options = parse({"web", "--", "ls", "-F", "--name"});
    EXPECT_FALSE(options.has("foreground"));
    EXPECT_THAT(options.words, ElementsAre("web", "ls", "-F", "--name"));
}

TEST(Options, ASingleDashIsAWord) { EXPECT_THAT(parse({"-"}).words, ElementsAre("-")); }

TEST(Options, GluesLettersAndTheirArguments) {
    const auto options = parse({"-dFnweb", "-t5"});
    EXPECT_TRUE(options.has("daemon"));
    EXPECT_TRUE(options.has("foreground"));
    EXPECT_EQ(options.value("name"), "web");
    EXPECT_EQ(options.value("timeout"), "5");
}

TEST(Options, AbbreviatesLongOptions) {
    EXPECT_TRUE(parse({"--fore"}).has("foreground"));
    EXPECT_EQ(parse({"--na=web"}).value("name"), "web");
    EXPECT_EQ(parse({"--na", "web"}).value("name"), "web");
}

TEST(Options, ArgumentsMayLookLikeOptions) {
    EXPECT_EQ(parse({"-t", "-1"}).value("timeout"), "-1");
    EXPECT_EQ(parse({"-n", "-F"}).value("name"), "-F");
    EXPECT_EQ(parse({"--name", "--foreground"}).value("name"), "--foreground");
    EXPECT_EQ(parse({"-n", "--"}).value("name"), "--");
    EXPECT_EQ(parse({"-dn", "web"}).value("name"), "web");
}

TEST(Options, AnOptionalArgumentIsGlued) {
    const auto apart = parse({"-e", "CAP"});
    EXPECT_TRUE(apart.has("elevated-privileges"));
    EXPECT_EQ(apart.value("elevated-privileges"), "");
    EXPECT_THAT(apart.words, ElementsAre("CAP"));
    EXPECT_EQ(parse({"-eCAP"}).value("elevated-privileges"), "CAP");
    EXPECT_EQ(parse({"--elevated-privileges=LSM|CAP"}).value("elevated-privileges"), "LSM|CAP");
}

TEST(Options, KeepsEveryValueInOrder) {
    const auto options = parse({"-v", "A=1", "--set-var=B=2", "-vC="});
    EXPECT_THAT(options.all("set-var"), ElementsAre("A=1", "B=2", "C="));
    EXPECT_EQ(options.value("set-var"), "C=");
    EXPECT_THAT(options.all("name"), IsEmpty());
}

TEST(Options, KnowsALetterWithoutAWord) { EXPECT_TRUE(parse({"-?"}).has("?")); }

TEST(Options, EmptyValuesAreValues) {
    EXPECT_TRUE(parse({"-n", ""}).has("name"));
    EXPECT_TRUE(parse({"--name="}).has("name"));
    EXPECT_EQ(parse({"--name="}).value("name"), "");
}

TEST(Options, ComplainsAsGetoptDoes) {
    EXPECT_EQ(complaint({"--bad"}), "unrecognized option '--bad'");
    EXPECT_EQ(complaint({"--bad=1"}), "unrecognized option '--bad=1'");
    EXPECT_EQ(complaint({"-x"}), "invalid option -- 'x'");
    EXPECT_EQ(complaint({"-Fx"}), "invalid option -- 'x'");
    EXPECT_EQ(complaint({"--log"}), "option '--log' is ambiguous; possibilities: '--logfile' '--logpriority'");
    EXPECT_EQ(complaint({"--name"}), "option '--name' requires an argument");
    EXPECT_EQ(complaint({"-n"}), "option requires an argument -- 'n'");
    EXPECT_EQ(complaint({"-Fn"}), "option requires an argument -- 'n'");
    EXPECT_EQ(complaint({"--daemon=1"}), "option '--daemon' doesn't allow an argument");
}

TEST(Options, DescribesWhatHasHelp) {
    constexpr Option some[] = {{'n', "name", "NAME", "the name"},
                               {0, "usage", nullptr, "use"},
                               {'x', "hidden", nullptr, nullptr},
                               {'e', "elevated", "[LIST]", "more"}};
    EXPECT_EQ(keelson::cli::describe(some),
              "  -n, --name=NAME           the name\n"
              "      --usage               use\n"
              "  -e, --elevated[=LIST]     more\n");
}

TEST(Options, ListsUsageFourALine) {
    EXPECT_EQ(keelson::cli::list_usage(known),
              "[-n|--name=NAME] [-F|--foreground] [-d|--daemon] [-e|--elevated-privileges[=ELEVATED-PRIVILEGES]] \n\t"
              "[-v|--set-var=SET-VAR] [-t|--timeout=TIMEOUT] [-?] [--logfile=LOGFILE] \n\t"
              "[--logpriority=LOGPRIORITY] ");
}

}  // namespace
