#include <frontends/cli/options.hpp>
#include <keelson/sdk/error.hpp>

#include <algorithm>
#include <cctype>
#include <set>

namespace keelson::cli {

namespace {

bool takes_argument(const Option& option) { return option.argument != nullptr; }
bool needs_argument(const Option& option) { return takes_argument(option) && option.argument[0] != '['; }

/// What its values are kept under.
std::string key_of(const Option& option) { return option.word ? option.word : std::string(1, option.letter); }

/// By its name, or by what only its name begins with. `text` is how it was written.
const Option& find_long(std::span<const Option> known, std::string_view name, const std::string& text) {
    const Option* found = nullptr;
    std::set<std::string_view> meant;
    for (const Option& option : known) {
        const std::string_view word = option.word ? option.word : "";
        if (word.empty() || !word.starts_with(name)) continue;
        if (word == name) return option;
        meant.insert(word);
        found = &option;
    }
    if (!found) throw UsageError(cat("unrecognized option '", text, "'"));
    if (meant.size() == 1) return *found;
    std::string message = cat("option '", text, "' is ambiguous; possibilities:");
    for (const std::string_view word : meant) message += cat(" '--", word, "'");
    throw UsageError(message);
}

const Option& find_letter(std::span<const Option> known, char letter) {
    const auto found = std::ranges::find(known, letter, &Option::letter);
    if (found == known.end()) throw UsageError(cat("invalid option -- '", letter, "'"));
    return *found;
}

}  // namespace

Options::Options(std::span<const Option> known, const std::vector<std::string>& arguments) {
    std::span<const std::string> rest = arguments;
    while (!rest.empty()) {
        const std::string& first = rest.front();
        rest = rest.subspan(1);
        if (first == "--") break;
        if (first.size() < 2 || first[0] != '-')
            words.push_back(first);
        else if (first[1] == '-')
            take_long(known, first, rest);
        else
            take_letters(known, first, rest);
    }
    words.insert(words.end(), rest.begin(), rest.end());
}

void Options::take_long(std::span<const Option> known, const std::string& text, std::span<const std::string>& rest) {
    const size_t equals = text.find('=');
    const Option& option = find_long(known, std::string_view(text).substr(2, equals == text.npos ? equals : equals - 2), text);
    std::optional<std::string> glued;
    if (equals != text.npos) glued = text.substr(equals + 1);
    if (glued && !takes_argument(option)) throw UsageError(cat("option '--", option.word, "' doesn't allow an argument"));
    if (!glued && needs_argument(option) && rest.empty())
        throw UsageError(cat("option '--", option.word, "' requires an argument"));
    keep(option, std::move(glued), rest);
}

void Options::take_letters(std::span<const Option> known, const std::string& text, std::span<const std::string>& rest) {
    for (size_t i = 1; i < text.size(); ++i) {
        const Option& option = find_letter(known, text[i]);
        std::optional<std::string> glued;
        if (takes_argument(option) && i + 1 < text.size()) glued = text.substr(i + 1);
        if (!glued && needs_argument(option) && rest.empty())
            throw UsageError(cat("option requires an argument -- '", text[i], "'"));
        const bool is_last = glued.has_value();
        keep(option, std::move(glued), rest);
        if (is_last) return;
    }
}

void Options::keep(const Option& option, std::optional<std::string> glued, std::span<const std::string>& rest) {
    if (!glued && needs_argument(option)) {
        glued = rest.front();
        rest = rest.subspan(1);
    }
    values_[key_of(option)].push_back(std::move(glued).value_or(""));
}

bool Options::has(std::string_view option) const { return values_.find(option) != values_.end(); }

std::string Options::value(std::string_view option) const {
    const auto& values = all(option);
    return values.empty() ? std::string() : values.back();
}

const std::vector<std::string>& Options::all(std::string_view option) const {
    static const std::vector<std::string> none;
    const auto found = values_.find(option);
    return found == values_.end() ? none : found->second;
}

namespace {

/// "=FILE", "[=LIST]" or " FILE" for a letter alone.
std::string argument_of(const Option& option) {
    if (!option.argument) return {};
    const std::string text = option.argument;
    if (text.front() == '[') return cat("[=", text.substr(1));
    return cat(option.word ? "=" : " ", text);
}

std::string head_of(const Option& option) {
    std::string text = option.letter ? cat("-", option.letter) : "   ";
    if (option.word) text += cat(option.letter ? ", --" : " --", option.word);
    return text + argument_of(option);
}

}  // namespace

std::string describe(std::span<const Option> options) {
    constexpr size_t column = 26;
    std::string text;
    for (const auto& option : options) {
        if (!option.help) continue;
        std::string head = head_of(option);
        head.resize(std::max(column, head.size() + 1), ' ');
        std::string help = option.help;
        for (size_t at = 0; (at = help.find('\n', at)) != std::string::npos; at += column + 3)
            help.insert(at + 1, std::string(column + 2, ' '));
        text += cat("  ", head, help, "\n");
    }
    return text;
}

std::string list_usage(std::span<const Option> options) {
    std::string text;
    unsigned count = 0;
    for (const auto& option : options) {
        text += option.letter ? cat("[-", option.letter) : "[";
        if (option.word) text += cat(option.letter ? "|--" : "--", option.word);
        std::string argument = option.argument ? option.argument : "";
        const bool optional = argument.starts_with('[');
        if (!argument.empty() && option.word) {
            std::string value = option.word;
            for (char& c : value) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            text += optional ? cat("[=", value, "]") : cat("=", value);
        }
        text += "] ";
        if (++count % 4 == 0) text += "\n\t";
    }
    return text;
}

}  // namespace keelson::cli
