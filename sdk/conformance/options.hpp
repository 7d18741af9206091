// What the person who checks a plugin says: on the command line or in a file of parameters.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace keelson::conformance {

struct Options {
    std::string file;               ///< the plugin
    std::string filter;             ///< only checks with this in their name
    std::vector<std::string> skip;  ///< names of checks
    bool strict = false;
    bool json = false;
    bool list = false;  ///< only name the checks
    /// Configuration of the plugin under test, in the words of its keys; a key may come more than once.
    std::vector<std::pair<std::string, std::string>> settings;
    /// Further settings, one at a time, each of which the plugin has to refuse by its name.
    std::vector<std::pair<std::string, std::string>> bad_settings;
    /// Shell commands that fail where the kernel lacks what the plugin needs: each check is skipped then.
    std::vector<std::string> needs;
    /// Shell commands run before each check, in its namespaces and in its own directory.
    std::vector<std::string> setup;
    /// storage: the rootfs to use instead of one that the plugin creates.
    std::string path;
    /// storage: filesystem and size for create; template: its arguments.
    std::string filesystem;
    unsigned long long bytes = 0;
    std::vector<std::string> arguments;
};

/// Throws keelson::Error with what is wrong. "@dir@" in a value stands for the check's own directory, "@n@" in
/// a setting for the container's number (0 to 7).
Options parse_options(const std::vector<std::string>& words);
std::string usage();

}  // namespace keelson::conformance
