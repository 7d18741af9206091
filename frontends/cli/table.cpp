#include <unistd.h>
#include <frontends/cli/table.hpp>
#include <kernel/base/text.hpp>

#include <algorithm>
#include <cstdio>

namespace keelson::cli {

namespace {

void add_padded(std::string& text, const std::string& cell, size_t width) {
    text += cell;
    text.append(width - std::min(width, cell.size()), ' ');
}

}  // namespace

std::string format_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
    std::vector<size_t> widths;
    for (const auto& title : header) widths.push_back(title.size());
    for (const auto& row : rows)
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    const auto add_row = [&](const std::vector<std::string>& row) {
        for (size_t i = 0; i < row.size(); ++i) {
            add_padded(text, row[i], widths[i]);
            text += ' ';
        }
        text += '\n';
    };
    add_row(header);
    for (const auto& row : rows) add_row(row);
    return text;
}

std::string format_names(const std::vector<std::string>& names, size_t width) {
    size_t longest = 0;
    for (const auto& name : names) longest = std::max(longest, name.size());
    const size_t columns = std::max<size_t>(1, width / (longest + 1));
    std::string text;
    for (size_t i = 0; i < names.size(); ++i) {
        add_padded(text, names[i], longest);
        if (i + 1 == names.size() || (i + 1) % columns == 0)
            text += '\n';
        else
            text += ' ';
    }
    return text;
}

std::string format_field(const std::string& label, const std::string& value) {
    std::string text;
    add_padded(text, label, 15);
    return text + " " + value + "\n";
}

void show(const std::string& text) {
    const std::string shown = ::isatty(STDOUT_FILENO) != 0 ? base::printable(text, "\n\t") : text;
    std::fwrite(shown.data(), 1, shown.size(), stdout);
}

std::string human_size(unsigned long long bytes) {
    struct Unit {
        unsigned shift;
        const char* name;
    };
    char text[48];
    for (const Unit unit : {Unit{30, "GiB"}, Unit{20, "MiB"}, Unit{10, "KiB"}}) {
        const unsigned long long one = 1ULL << unit.shift;
        if (bytes <= one) continue;
        std::snprintf(text, sizeof text, "%.2f %s", static_cast<double>(bytes) / static_cast<double>(one), unit.name);
        return text;
    }
    return std::to_string(bytes) + " bytes";
}

}  // namespace keelson::cli
