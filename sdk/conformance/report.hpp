// The kit's results, for people and for programs.
#pragma once

#include <conformance/runner.hpp>

#include <string>

namespace keelson::conformance {

/// "FAIL  undo.twice  undo twice, ...: why"
std::string line_of(const Result& result);
std::string summary_of(const Report& report);
std::string json_of(const Report& report, bool strict);

}  // namespace keelson::conformance
