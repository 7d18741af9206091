#include <frontends/cli/verb_table.hpp>
#include <frontends/launcher/entering.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace {

using namespace keelson::cli;

TEST(VerbTable, IsSortedAndEachNameOnce) {
    const auto all = verbs();
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end(),
                               [](const Verb* a, const Verb* b) { return std::string_view(a->name) < b->name; }));
    for (size_t i = 1; i < all.size(); ++i) EXPECT_STRNE(all[i - 1]->name, all[i]->name);
    for (const Verb* verb : all) EXPECT_EQ(find_verb(verb->name), verb);
}

TEST(VerbTable, NoVerbHasAnOptionTwice) {
    for (const Verb* verb : verbs()) {
        std::set<std::string> words, letters;
        for (const auto& option : verb->options) {
            EXPECT_TRUE(!option.word || words.insert(option.word).second) << verb->name << " --" << option.word;
            EXPECT_TRUE(!option.letter || letters.insert({option.letter}).second) << verb->name << " -" << option.letter;
        }
    }
}

TEST(VerbTable, WhatIsOnlyKeelsonsAbbreviatesNothingOfLxcs) {
    for (const Verb* verb : verbs())
        for (const auto& option : verb->options)
            EXPECT_TRUE(!option.own || option.letter == 0) << verb->name << " --" << option.word;
}

TEST(VerbTable, TheLauncherKnowsWhichVerbsEnter) {
    std::string entering;
    for (const Verb* verb : verbs())
        if (verb->enters) entering += std::string(verb->name) + '\0';
    EXPECT_EQ(entering + '\0', std::string(keelson::entering_verbs, sizeof keelson::entering_verbs));
}

TEST(VerbTable, SuggestsWhatWasMeant) {
    EXPECT_EQ(unknown_verb("strat"), "unknown verb 'strat': did you mean start?");
    EXPECT_EQ(unknown_verb("xyzzy"), "unknown verb 'xyzzy': 'keelson help' lists them");
}

int run_quietly(const char* verb, std::vector<std::string> arguments) {
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const int status = run_verb(*find_verb(verb), {.program = verb, .as_lxc = true, .arguments = std::move(arguments)});
    testing::internal::GetCapturedStdout();
    testing::internal::GetCapturedStderr();
    return status;
}

TEST(Verbs, HelpSucceedsAndAQuestionMarkFails) {
    EXPECT_EQ(run_quietly("stop", {"-h"}), 0);
    EXPECT_EQ(run_quietly("stop", {"--help"}), 0);
    EXPECT_EQ(run_quietly("stop", {"-?"}), 1);
    EXPECT_EQ(run_quietly("stop", {"--usage"}), 0);
    EXPECT_EQ(run_quietly("stop", {"--version"}), 0);
}

TEST(Verbs, RefuseWhatMakesNoSense) {
    EXPECT_EQ(run_quietly("stop", {}), 1);
    EXPECT_EQ(run_quietly("stop", {"--bad"}), 1);
    EXPECT_EQ(run_quietly("stop", {"x", "-P", "/a", "-P", "/b"}), 1);
    EXPECT_EQ(run_quietly("stop", {"x", "--format", "json"}), 1) << "Keelson's own option under an lxc- name";
    EXPECT_EQ(run_quietly("stop", {"-P", "/klt-none", "x", "-k", "-r"}), 1);
    EXPECT_EQ(run_quietly("stop", {"-P", "/klt-none", "x", "-t", "soon"}), 1);
    EXPECT_EQ(run_quietly("wait", {"-P", "/klt-none", "x"}), 1);
    EXPECT_EQ(run_quietly("wait", {"-P", "/klt-none", "x", "-s", "running"}), 1);
    EXPECT_EQ(run_quietly("info", {"-P", "/klt-none", "a/b"}), 1);
}

TEST(Verbs, GiveLxcsStatusForWhatDoesNotRun) {
    EXPECT_EQ(run_quietly("stop", {"-P", "/klt-none", "x"}), 2);
    EXPECT_EQ(run_quietly("wait", {"-P", "/klt-none", "x", "-s", "STOPPED"}), 0);
    EXPECT_EQ(run_quietly("wait", {"-P", "/klt-none", "x", "-s", "RUNNING", "-t", "0"}), 1);
    EXPECT_EQ(run_quietly("freeze", {"-P", "/klt-none", "x"}), 1);
    EXPECT_EQ(run_quietly("unfreeze", {"-P", "/klt-none", "x"}), 1);
    EXPECT_EQ(run_quietly("info", {"-P", "/klt-none", "x"}), 1);
    EXPECT_EQ(run_quietly("destroy", {"-P", "/klt-none", "x"}), 1);
    EXPECT_EQ(run_quietly("ls", {"-P", "/klt-none", "-f"}), 0);
    EXPECT_EQ(run_quietly("ls", {"-P", "/klt-none", "-f", "-F", "BAD"}), 0);
    EXPECT_EQ(run_quietly("autostart", {"-P", "/klt-none"}), 1);
}

}  // namespace
