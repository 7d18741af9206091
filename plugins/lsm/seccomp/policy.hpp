// LXC's seccomp policy files, both versions (lxc.container.conf(5), "SECCOMP CONFIGURATION").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::seccomp {

struct Action {
    enum class Kind { kill, allow, trap, error, notify };
    Kind kind = Kind::kill;
    /// For Kind::error: what the call returns.
    uint16_t code = 0;

    bool operator==(const Action&) const = default;
};

/// A condition on one argument; `mask` counts for masked_equal only: (argument & mask) == value.
struct Condition {
    enum class Operator { not_equal, less, less_equal, equal, greater_equal, greater, masked_equal };
    unsigned argument = 0;
    Operator op = Operator::equal;
    uint64_t value = 0;
    uint64_t mask = 0;
};

struct Rule {
    /// Empty for a rule of version 1, which has a number.
    std::string name;
    int number = 0;
    Action action;
    /// All have to hold.
    std::vector<Condition> conditions;
    /// Line in the file, for errors.
    unsigned line = 0;
};

struct Policy {
    /// For calls without a rule.
    Action fallback;
    std::vector<Rule> rules;
};

/// Rules in sections of architectures that this machine cannot run are left out; a section does not limit its rules to its
/// architecture, as it does not in LXC. Throws Error with "NAME:LINE" as object.
Policy parse_policy(std::string_view text, const std::string& name);

}  // namespace keelson::seccomp
