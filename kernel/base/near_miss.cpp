#include <algorithm>
#include <kernel/base/near_miss.hpp>

namespace keelson::base {

unsigned edit_distance(std::string_view one, std::string_view other, unsigned limit) {
    if (std::max(one.size(), other.size()) - std::min(one.size(), other.size()) > limit) return limit + 1;
    // Rows of the table of prefixes: that of two characters ago, of one ago, and the present.
    std::vector<unsigned> older(other.size() + 1), old(other.size() + 1), row(other.size() + 1);
    for (unsigned j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= one.size(); ++i) {
        std::swap(older, old);
        std::swap(old, row);
        row[0] = static_cast<unsigned>(i);
        for (size_t j = 1; j <= other.size(); ++j) {
            const unsigned replaced = old[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
            row[j] = std::min({old[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            if (swapped) row[j] = std::min(row[j], older[j - 2] + 1);
        }
    }
    return std::min(row.back(), limit + 1);
}

std::string near_miss(std::string_view wrong, const std::vector<std::string>& words) {
    const size_t most = wrong.size() < 5 ? 1 : wrong.size() < 15 ? 2 : 3;
    unsigned least = static_cast<unsigned>(std::min(most + 1, wrong.size()));
    std::string found;
    for (const std::string& word : words) {
        if (least == 0) break;
        const unsigned distance = edit_distance(wrong, word, least - 1);
        if (distance >= least) continue;
        least = distance;
        found = word;
    }
    return found;
}

}  // namespace keelson::base
