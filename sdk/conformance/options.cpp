#include <conformance/options.hpp>
#include <keelson/sdk/error.hpp>

#include <cstdlib>
#include <fstream>

namespace keelson::conformance {
namespace {

std::pair<std::string, std::string> pair_of(const std::string& text) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) throw Error(0, text, "expected KEY=VALUE, not");
    return {text.substr(0, equals), text.substr(equals + 1)};
}

void read_parameters(Options& options, const std::string& file);

void take(Options& options, const std::string& name, const std::string& value) {
    if (name == "filter")
        options.filter = value;
    else if (name == "skip")
        options.skip.push_back(value);
    else if (name == "strict")
        options.strict = true;
    else if (name == "list")
        options.list = true;
    else if (name == "format")
        options.json = value == "json";
    else if (name == "set")
        options.settings.push_back(pair_of(value));
    else if (name == "bad")
        options.bad_settings.push_back(pair_of(value));
    else if (name == "need")
        options.needs.push_back(value);
    else if (name == "setup")
        options.setup.push_back(value);
    else if (name == "path")
        options.path = value;
    else if (name == "filesystem")
        options.filesystem = value;
    else if (name == "bytes")
        options.bytes = std::strtoull(value.c_str(), nullptr, 0);
    else if (name == "argument")
        options.arguments.push_back(value);
    else if (name == "parameters")
        read_parameters(options, value);
    else
        throw Error(0, name, "unknown option", usage());
}

/// Lines "OPTION VALUE"; '#' begins a comment line.
void read_parameters(Options& options, const std::string& file) {
    std::ifstream in(file);
    if (!in) throw Error::last("open", file);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.front() == '#') continue;
        const size_t blank = line.find(' ');
        take(options, line.substr(0, blank), blank == std::string::npos ? std::string() : line.substr(blank + 1));
    }
}

}  // namespace

Options parse_options(const std::vector<std::string>& words) {
    Options options;
    for (const std::string& word : words) {
        if (!word.starts_with("--")) {
            if (!options.file.empty()) throw Error(0, word, "one plugin at a time:", usage());
            options.file = word;
            continue;
        }
        const size_t equals = word.find('=');
        take(options, word.substr(2, equals == std::string::npos ? equals : equals - 2),
             equals == std::string::npos ? std::string() : word.substr(equals + 1));
    }
    if (options.file.empty() && !options.list) throw Error(0, {}, "name the plugin's file", usage());
    return options;
}

std::string usage() {
    return "keelson-conformance [--filter=TEXT] [--skip=CHECK] [--strict] [--format=json] [--set=KEY=VALUE] [--bad=KEY=VALUE] "
           "[--need=COMMAND] [--setup=COMMAND] "
           "[--path=PATH] [--filesystem=TYPE] [--bytes=N] [--argument=WORD] [--parameters=FILE] FILE | --list";
}

}  // namespace keelson::conformance
