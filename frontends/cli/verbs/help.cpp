// keelson help [VERB]
#include <frontends/cli/verb.hpp>

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

int run(Invocation& invocation) {
    if (invocation.arguments.empty()) return list_verbs();
    const std::string& name = invocation.arguments.front();
    const Verb* verb = find_verb(name);
    if (!verb) return usage_failure(invocation, cat("unknown verb '", name, "': 'keelson help' lists them"));
    Invocation help;
    help.program = cat("keelson ", name);
    help.arguments = {"--help"};
    return run_verb(*verb, help);
}

}  // namespace

extern const Verb help_verb;
const Verb help_verb = {"help", "[VERB]", "Show what verbs and options there are", "did not work", {}, run, Naming::raw, false};

}  // namespace keelson::cli
