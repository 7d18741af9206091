// One check of the kit.
#pragma once

#include <conformance/bench.hpp>

#include <span>
#include <string_view>
#include <vector>

namespace keelson::conformance {

struct Check {
    const char* name;  ///< "undo.twice"
    const char* kind;  ///< of the plugins that it is for; empty: of all
    const char* what;  ///< one line
    void (*run)(Bench&);
};

std::span<const Check> plugin_checks();
std::span<const Check> undo_checks();
std::span<const Check> network_checks();
std::span<const Check> storage_checks();
std::span<const Check> security_module_checks();
std::span<const Check> cgroup_driver_checks();
std::span<const Check> template_checks();
std::span<const Check> stage_hook_checks();

/// All, in the order in which they run.
std::vector<Check> all_checks();

}  // namespace keelson::conformance
