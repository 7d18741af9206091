// The command line's words, by the conventions of LXC's tools, which are those of getopt_long(3): options and words in any
// order, long options abbreviated while unique, letters glued together and to their arguments, optional arguments only glued,
// everything after `--` a word.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::cli {

/// One option as a verb declares it.
struct Option {
    char letter = 0;                 ///< 0: none
    const char* word = nullptr;      ///< null: only the letter
    const char* argument = nullptr;  ///< null: takes none; "FILE"; "[LIST]": may be left out
    const char* help = nullptr;      ///< null: not shown by --help
    bool own = false;                ///< Keelson's: not known under an lxc- name, where it could make an abbreviation ambiguous
};

/// What is wrong with a command line, in getopt's words and without the program's name.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class Options {
public:
    /// Throws UsageError.
    Options(std::span<const Option> known, const std::vector<std::string>& arguments);

    /// By long name, or by letter ("?") for an option without one.
    bool has(std::string_view option) const;
    /// The last value; empty if there is none.
    std::string value(std::string_view option) const;
    const std::vector<std::string>& all(std::string_view option) const;

    std::vector<std::string> words;

private:
    void take_long(std::span<const Option> known, const std::string& text, std::span<const std::string>& rest);
    void take_letters(std::span<const Option> known, const std::string& text, std::span<const std::string>& rest);
    /// With the first of `rest` as its argument, if it needs one and none is glued to it.
    void keep(const Option& option, std::optional<std::string> glued, std::span<const std::string>& rest);

    std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// "  -n, --name=NAME    help", one a line, those with help only.
std::string describe(std::span<const Option> options);
/// " [-n|--name=NAME]" and so on, four a line.
std::string list_usage(std::span<const Option> options);

}  // namespace keelson::cli
