#include <frontends/cli/known_options.hpp>

#include <algorithm>

namespace keelson::cli {

namespace {

constexpr Option name_option = {'n', "name", "NAME", "NAME of the container"};
constexpr Option common_options[] = {
    {'h', "help", nullptr, "Show this help"},
    {'?', nullptr, nullptr, nullptr},
    {0, "usage", nullptr, "List all options"},
    {0, "version", nullptr, "Print the version"},
    {'q', "quiet", nullptr, "Write no messages to stderr"},
    {'o', "logfile", "FILE", "Append the log to FILE"},
    {'l', "logpriority", "LEVEL", "Least level that goes to the log (default: ERROR)"},
    {'P', "lxcpath", "PATH", "Directory of the containers"},
    {0, "rcfile", "FILE", "Use FILE instead of the container's configuration"},
    {0, "format", "FORMAT", "human or json, also for errors", true},
};

}  // namespace

KnownOptions::KnownOptions(const Verb& verb, bool as_lxc) {
    for (const auto& option : verb.options)
        if (!(option.own && as_lxc)) all_.push_back(option);
    if (verb.naming == Naming::container) all_.push_back(name_option);
    own_ = all_.size();
    if (verb.naming == Naming::raw) return;
    for (const auto& option : common_options)
        if (!(option.own && as_lxc) && !declared(option)) all_.push_back(option);
    if (verb.naming == Naming::none) all_.push_back({'n', "name", "NAME", nullptr});
}

bool KnownOptions::declared(const Option& option) const {
    return std::any_of(all_.begin(), all_.end(), [&option](const Option& other) {
        return option.word && other.word && std::string_view(other.word) == option.word;
    });
}

}  // namespace keelson::cli
