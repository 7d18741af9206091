// One page of the manual in roff (man(7)).
#pragma once

#include <string>
#include <string_view>

namespace keelson::cli {

/// Any text as roff shows it as it is.
std::string as_roff(std::string_view text);

class ManualPage {
public:
    /// `names`: what the page is about, separated by ", ".
    ManualPage(std::string_view title, int section, std::string_view names, std::string_view summary);

    ManualPage& heading(std::string_view words);
    ManualPage& paragraph(std::string_view text);
    /// A bold word with an argument, and what it means below it.
    ManualPage& item(std::string_view head, std::string_view argument, std::string_view text);
    /// A line of a synopsis.
    ManualPage& usage(std::string_view program, std::string_view words);
    /// roff that a person wrote.
    ManualPage& raw(std::string_view roff);

    const std::string& str() const { return text_; }

private:
    std::string text_;
    bool in_synopsis_ = false;
};

}  // namespace keelson::cli
