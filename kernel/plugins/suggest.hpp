// What was probably meant by a misspelt word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::plugins {

/// The word with the fewest edits away from `wrong`; empty if none is near. Swapped neighbours count as one edit.
std::string near_miss(std::string_view wrong, const std::vector<std::string>& words);

}  // namespace keelson::plugins
