// Everything that is wrong or doubtful in a configuration file, at once.
#pragma once

#include <kernel/config/config.hpp>

#include <string>
#include <vector>

namespace keelson::config {

struct Problem {
    /// Object "FILE:LINE:COLUMN", as of Config::load.
    Error error;
    /// The file can be loaded all the same.
    bool warning = false;
};

/// Reads the file as Config::load does, but goes on after each problem. Sorted by place within each file. Throws only when
/// the file itself cannot be read.
std::vector<Problem> lint(const std::string& path, KeySource& plugins);

}  // namespace keelson::config
