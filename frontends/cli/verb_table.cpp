// Every verb there is. A new one is a file below verbs/ that defines its Verb, and two lines here.
#include <frontends/cli/verb.hpp>

#include <algorithm>
#include <iterator>

namespace keelson::cli {

extern const Verb help_verb;
extern const Verb plugin_verb;

namespace {

const Verb* const table[] = {
    &help_verb,
    &plugin_verb,
};

}  // namespace

std::span<const Verb* const> verbs() { return table; }

const Verb* find_verb(std::string_view name) {
    const auto found =
        std::find_if(std::begin(table), std::end(table), [name](const Verb* verb) { return verb->name == name; });
    return found == std::end(table) ? nullptr : *found;
}

}  // namespace keelson::cli
