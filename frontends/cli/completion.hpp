// What a shell offers for the word under the cursor, from the declarations of verbs, options, keys and plugins.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::cli {

/// The words of a verb's call that are typed already, and how it was called.
struct Typed {
    bool as_lxc = false;
    std::vector<std::string> words;  ///< without options and their arguments
    std::string lxcpath;
};

/// `line` up to the cursor. Whole words that begin with what stands there; none: the shell's own choice, which is files.
std::vector<std::string> complete(std::string_view line);

// What verbs offer for a word of theirs.
std::vector<std::string> container_names(const std::string& lxcpath);
/// Of the configuration language; a device's number is 0, a family's name ends in its dot.
std::vector<std::string> key_names();
std::vector<std::string> plugin_names(std::string_view kind = {});
std::vector<std::string> verb_names();

}  // namespace keelson::cli
