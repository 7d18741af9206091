// Finding what a person probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::config {

/// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other; `limit` + 1 when more.
unsigned edit_distance(std::string_view one, std::string_view other, unsigned limit);

/// How far apart a mistyped word and what was meant may be.
unsigned tolerance(std::string_view word);

/// The nearest of the names within tolerance(word); empty if there is none.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace keelson::config
