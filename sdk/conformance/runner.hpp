// Runs checks, each in a process of its own, so that a crash is a result.
#pragma once

#include <conformance/check.hpp>

#include <functional>
#include <string>
#include <vector>

namespace keelson::conformance {

enum class Outcome { passed, warned, failed, skipped };

struct Result {
    std::string name;
    std::string what;
    Outcome outcome = Outcome::failed;
    std::string words;  ///< why, unless passed
    unsigned milliseconds = 0;
};

struct Report {
    std::string file, kind, name;
    std::vector<Result> results;
    unsigned count(Outcome outcome) const;
    bool nothing_checked() const;
    /// Did the plugin pass? With `strict` warnings count.
    bool good(bool strict) const;
};

/// Calls `progress` after each check.
Report run_checks(const Options& options, const std::function<void(const Result&)>& progress);

}  // namespace keelson::conformance
