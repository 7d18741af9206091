#include <unistd.h>
#include <frontends/cli/arguments.hpp>
#include <frontends/cli/verb_table.hpp>

#include <cstdio>

namespace keelson::cli {

namespace {

constexpr int first_free = -1;

constexpr Option options[] = {
    {'t', "tty", "NUMBER", "0: the console, else that tty (default: the first that is free)"},
    {'e', "escape", "CHARACTER", "x or ^x: Ctrl-x is the prefix of commands (default: ^a), -1: none"},
};

/// None: no escape.
std::optional<int> escape_of(const Options& given) {
    if (!given.has("escape")) return 1;
    const std::string text = given.value("escape");
    if (text == "-1") return std::nullopt;
    const size_t at = text.size() > 1 && text[0] == '^' ? 1 : 0;
    const char letter = text.empty() ? '\0' : static_cast<char>(text[at] | 0x20);
    if (letter < 'a' || letter > 'z')
        throw UsageError(cat("--escape: '", text, "' is not a letter, with or without ^, nor -1"));
    return letter - 'a' + 1;
}

int tty_of(const Options& given) {
    if (!given.has("tty")) return first_free;
    const int64_t number = parse_integer("tty", given.value("tty"));
    if (number < 0 || number > 65535) throw UsageError(cat("--tty: ", number, " is no tty"));
    return static_cast<int>(number);
}

void greet(int tty, int escape) {
    const char letter = static_cast<char>('a' + escape - 1);
    std::fprintf(stderr, "\nConnected to tty %d\n<Ctrl+%c q> leaves the console, <Ctrl+%c Ctrl+%c> sends Ctrl+%c itself\n", tty,
                 letter, letter, letter, letter);
}

int run(Invocation& invocation) {
    const int tty = tty_of(invocation.options);
    const auto escape = escape_of(invocation.options);
    if (!::isatty(STDIN_FILENO)) throw Error(ENOTTY, "standard input", "a console needs a terminal:");
    auto container = invocation.container();
    return container.console(tty, escape, [&escape](int number) {
        if (escape) greet(number, *escape);
    });
}

}  // namespace

const Verb console_verb = {
    .name = "console",
    .synopsis = "--name=NAME",
    .summary = "Connect this terminal to one of a container's",
    .failed = "gave no console",
    .options = options,
    .run = run,
};

}  // namespace keelson::cli
