// The words after `--` of `keelson create`: "--name value", "--name=value", "-n value", "--switch".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::templates {

struct Option {
    std::string name;  ///< with its dashes, "--release"
    char letter;       ///< 0: none
    /// Takes the value; for a switch it is empty.
    std::function<void(std::string_view value)> set;
    bool has_value = true;
};

/// Throws keelson::Error that names the word, and as its hint the options there are.
void parse_options(const std::vector<std::string>& words, const std::vector<Option>& options);

}  // namespace keelson::templates
