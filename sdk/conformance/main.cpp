// keelson-conformance: does a plugin do what its kind promises? 0: yes; 1: no; 2: the question makes no sense; 77: not here.
#include <conformance/report.hpp>

#include <cstdio>
#include <cstdlib>

namespace {

using namespace keelson::conformance;

int list() {
    for (const Check& check : all_checks())
        std::printf("%-25s %-9s %s\n", check.name, *check.kind ? check.kind : "all", check.what);
    return 0;
}

int run(const std::vector<std::string>& words) {
    Options options = parse_options(words);
    if (options.list) return list();
    char path[4096];
    if (!::realpath(options.file.c_str(), path)) throw keelson::Error::last("open", options.file);
    options.file = path;
    const Report report = run_checks(options, [&](const Result& result) {
        if (!options.json) std::puts(line_of(result).c_str());
        std::fflush(stdout);
    });
    std::puts(options.json ? json_of(report, options.strict).c_str() : summary_of(report).c_str());
    if (report.nothing_checked()) return 77;
    return report.good(options.strict) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try { return run({argv + 1, argv + argc}); } catch (const keelson::Error& error) {
    std::fprintf(stderr, "keelson-conformance: %s\n", error.what());
    if (!error.hint().empty()) std::fprintf(stderr, "  hint  %s\n", error.hint().c_str());
    return 2;
}
