// keelson help [VERB]
#include <frontends/cli/completion.hpp>
#include <frontends/cli/manuals.hpp>
#include <frontends/cli/verb_table.hpp>

#include <algorithm>
#include <cstdio>

namespace keelson::cli {

namespace {

int list_verbs() {
    std::printf("Usage: keelson VERB [OPTIONS] [NAME] ...\n       keelson --version\n\n");
    for (const Verb* verb : verbs()) std::printf("  %-14s %s\n", verb->name, verb->summary);
    std::printf("\n'keelson help VERB' shows the options of a verb.\n");
    return 0;
}

int list_candidates(const std::string& line) {
    for (const std::string& candidate : complete(line)) std::puts(candidate.c_str());
    return 0;
}

std::vector<std::string> next_word(const Typed& typed) {
    return typed.words.empty() ? verb_names() : std::vector<std::string>();
}

/// For the build and for the shell's completion: none is shown by --help.
constexpr Option options[] = {
    {0, "manuals", "DIRECTORY", nullptr}, {0, "parts", "DIRECTORY", nullptr}, {0, "complete", "LINE", nullptr}};

int run(Invocation& invocation) {
    const Options given(options, invocation.arguments);
    if (given.has("manuals")) return write_manuals(given.value("manuals"), given.value("parts")), 0;
    if (given.has("complete")) return list_candidates(given.value("complete"));
    if (given.words.empty()) return list_verbs();
    const std::string& name = given.words.front();
    const Verb* verb = find_verb(name);
    if (!verb) return usage_failure(invocation, unknown_verb(name));
    Invocation help;
    help.program = cat("keelson ", name);
    help.arguments = {"--help"};
    return run_verb(*verb, help);
}

}  // namespace

const Verb help_verb = {
    .name = "help",
    .synopsis = "[VERB]",
    .summary = "Show what verbs and options there are",
    .failed = "did not work",
    .options = options,
    .run = run,
    .naming = Naming::raw,
    .lxc_name = false,
    .next_word = next_word,
};

}  // namespace keelson::cli
