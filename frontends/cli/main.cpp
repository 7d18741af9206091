// One program: called as lxc-NAME it is that tool of LXC, else its first word says what to do.
#include <frontends/cli/readonly_exec.hpp>
#include <frontends/cli/verb.hpp>
#include <kernel/container/takeover.hpp>
#include <kernel/process/next_program.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <new>

namespace {

using namespace keelson;
using namespace keelson::cli;

std::string_view base_name(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

int refuse(const char* format, const std::string& name) {
    std::fprintf(stderr, format, name.c_str());
    return 1;
}

int run(const Verb& verb, Invocation invocation, char** argv) try {
    if (verb.enters) ensure_readonly_program(argv);
    return run_verb(verb, std::move(invocation));
} catch (const Error& error) {
    std::fprintf(stderr, "%s: %s%s%s\n", invocation.program.c_str(), error.what(), error.hint().empty() ? "" : ": ",
                 error.hint().c_str());
    return 1;
}

int run_as_lxc(const std::string& program, std::vector<std::string> arguments, char** argv) {
    const Verb* verb = find_verb(std::string_view(program).substr(4));
    if (!verb || !verb->lxc_name) return refuse("%s: no such tool; 'keelson help' lists what there is\n", program);
    return run(*verb, {.program = program, .as_lxc = true, .arguments = std::move(arguments)}, argv);
}

int run_as_keelson(std::vector<std::string> arguments, char** argv) {
    const std::string word = arguments.empty() ? "help" : arguments.front();
    if (!arguments.empty()) arguments.erase(arguments.begin());
    if (word == "--version") return std::puts(KEELSON_VERSION) < 0 || std::fflush(stdout) != 0;
    const bool asks = word == "--help" || word == "-h" || word == "-?";
    const Verb* verb = find_verb(asks ? "help" : word);
    if (!verb) return refuse("keelson: %s\n", unknown_verb(word));
    return run(*verb, {.program = cat("keelson ", verb->name), .arguments = std::move(arguments)}, argv);
}

int run(int argc, char** argv) try {
    if (argc < 1) return 1;
    if (process::takes_over(argc, argv)) container::take_over(argc, argv);
    const std::string program(base_name(argv[0]));
    std::vector<std::string> arguments(argv + 1, argv + argc);
    if (program.starts_with("lxc-")) return run_as_lxc(program, std::move(arguments), argv);
    return run_as_keelson(std::move(arguments), argv);
} catch (const std::bad_alloc&) {
    std::fputs("keelson: out of memory\n", stderr);  // which is not buffered
    return 1;
}

/// A file of ours at the number of one that the caller has closed would be taken for it. As that was, this one is closed for
/// output.
void take_closed_standard_descriptors() {
    for (const int fd : {0, 1, 2})
        if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
}

/// Who ignores the end of its children cannot wait for them, and passes that on to what it executes (sigaction(2)).
void hear_of_children() { ::signal(SIGCHLD, SIG_DFL); }

}  // namespace

/// What destructors would tidy up, those of plugins too, goes with the process.
int main(int argc, char** argv) {
    take_closed_standard_descriptors();
    hear_of_children();
    const int status = run(argc, argv);
#ifndef __SANITIZE_ADDRESS__  // which looks for leaks at exit
    std::fflush(nullptr);
    ::_exit(status);
#endif
    return status;
}
