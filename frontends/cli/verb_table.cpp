// Every verb there is. A new one is a file below verbs/ that defines its Verb, and a line here and in verb_table.hpp.
#include <frontends/cli/verb_table.hpp>
#include <kernel/base/near_miss.hpp>

#include <algorithm>
#include <iterator>

namespace keelson::cli {

namespace {

// One a line.
// clang-format off
const Verb* const table[] = {
    &attach_verb,
    &autostart_verb,
    &cgroup_verb,
    &config_verb,
    &console_verb,
    &copy_verb,
    &create_verb,
    &destroy_verb,
    &execute_verb,
    &freeze_verb,
    &help_verb,
    &info_verb,
    &ls_verb,
    &plugin_verb,
    &recover_verb,
    &start_verb,
    &stop_verb,
    &unfreeze_verb,
    &update_config_verb,
    &usernsexec_verb,
    &wait_verb,
};
// clang-format on

}  // namespace

std::span<const Verb* const> verbs() { return table; }

const Verb* find_verb(std::string_view name) {
    const auto found =
        std::find_if(std::begin(table), std::end(table), [name](const Verb* verb) { return verb->name == name; });
    return found == std::end(table) ? nullptr : *found;
}

std::string unknown_verb(const std::string& name) {
    std::vector<std::string> names;
    for (const Verb* verb : table) names.emplace_back(verb->name);
    const std::string meant = base::near_miss(name, names);
    return cat("unknown verb '", name, "': ", meant.empty() ? "'keelson help' lists them" : cat("did you mean ", meant, "?"));
}

}  // namespace keelson::cli
