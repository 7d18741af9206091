// The manual, written from the declarations of verbs, options, keys and items of lxc.conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::cli {

struct Manual {
    std::string file;  ///< "man1/keelson-start.1"
    std::string roff;
};

/// Every page, also those that only lead to another. `parts` is a directory with what people wrote, as PAGE.roff (keelson.roff,
/// keelson-plugin.roff, lxc.container.conf.roff): it stands in its page before what the declarations say. Empty: none.
std::vector<Manual> manuals(const std::string& parts);

/// Writes them below `directory`, which is made. Throws Error.
void write_manuals(const std::string& directory, const std::string& parts);

}  // namespace keelson::cli
