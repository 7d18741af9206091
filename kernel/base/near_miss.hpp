// Finding what a person probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::base {

/// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other; `limit` + 1 when more.
unsigned edit_distance(std::string_view one, std::string_view other, unsigned limit);

/// The word with the fewest edits away from `wrong`; empty if none is near: within one edit for the shortest, three for long.
std::string near_miss(std::string_view wrong, const std::vector<std::string>& words);

}  // namespace keelson::base
