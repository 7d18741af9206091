#include <frontends/cli/manual_page.hpp>
#include <keelson/sdk/error.hpp>

#include <cctype>

namespace keelson::cli {

std::string as_roff(std::string_view text) {
    std::string roff;
    for (const char byte : text) {
        const bool begins_a_line = roff.empty() || roff.back() == '\n';
        if (begins_a_line && (byte == '.' || byte == '\'')) roff += "\\&";
        if (byte == '\\')
            roff += "\\e";
        else if (byte == '-')
            roff += "\\-";
        else
            roff += byte;
    }
    return roff;
}

ManualPage::ManualPage(std::string_view title, int section, std::string_view names, std::string_view summary) {
    std::string upper(title);
    for (char& byte : upper) byte = static_cast<char>(std::toupper(static_cast<unsigned char>(byte)));
    text_ =
        cat(".TH ", as_roff(upper), ' ', section, " \"\" \"Keelson " KEELSON_VERSION "\" \"",
            section == 1 ? "User commands" : "File formats", "\"\n.SH NAME\n", as_roff(names), " \\- ", as_roff(summary), '\n');
}

ManualPage& ManualPage::heading(std::string_view words) {
    text_ += cat(".SH ", as_roff(words), '\n');
    in_synopsis_ = false;
    return *this;
}

ManualPage& ManualPage::paragraph(std::string_view text) {
    text_ += cat(".PP\n", as_roff(text), '\n');
    return *this;
}

ManualPage& ManualPage::item(std::string_view head, std::string_view argument, std::string_view text) {
    text_ += cat(".TP\n\\fB", as_roff(head), "\\fR");
    if (!argument.empty()) text_ += cat("\\fI", as_roff(argument), "\\fR");
    text_ += cat('\n', as_roff(text), '\n');
    return *this;
}

ManualPage& ManualPage::usage(std::string_view program, std::string_view words) {
    text_ += cat(in_synopsis_ ? ".br\n" : "", "\\fB", as_roff(program), "\\fR ", as_roff(words), '\n');
    in_synopsis_ = true;
    return *this;
}

ManualPage& ManualPage::raw(std::string_view roff) {
    text_ += roff;
    return *this;
}

}  // namespace keelson::cli
