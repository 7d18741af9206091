// The shapes in which lxc-ls and lxc-info print.
#pragma once

#include <string>
#include <vector>

namespace keelson::cli {

/// Header and rows; each cell padded to the widest of its column and followed by a blank, the last one too.
std::string format_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

/// Names padded to the longest; `width` of the terminal, 0: one a line.
std::string format_names(const std::vector<std::string>& names, size_t width);

/// "Label:         value", the value in the 17th column.
std::string format_field(const std::string& label, const std::string& value);

/// To stdout. To a terminal with '?' for the control characters of names that anybody may have given, lines and tabs stay.
void show(const std::string& text);

/// "1.50 MiB"
std::string human_size(unsigned long long bytes);

}  // namespace keelson::cli
