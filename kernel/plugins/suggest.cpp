#include <kernel/plugins/suggest.hpp>

#include <algorithm>

namespace keelson::plugins {
namespace {

/// Optimal string alignment distance, by rows.
size_t edits(std::string_view from, std::string_view to) {
    std::vector<size_t> before, above(to.size() + 1), row(to.size() + 1);
    for (size_t j = 0; j <= to.size(); ++j) above[j] = j;
    for (size_t i = 1; i <= from.size(); ++i) {
        row[0] = i;
        for (size_t j = 1; j <= to.size(); ++j) {
            const bool same = from[i - 1] == to[j - 1];
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
    }
    return above[to.size()];
}

}  // namespace

std::string near_miss(std::string_view wrong, const std::vector<std::string>& words) {
    size_t best = wrong.size() < 5 ? 2 : 3;  // fewer than this many edits
    std::string found;
    for (const std::string& word : words) {
        const size_t distance = edits(wrong, word);
        if (distance >= best || distance >= wrong.size()) continue;
        best = distance;
        found = word;
    }
    return found;
}

}  // namespace keelson::plugins
