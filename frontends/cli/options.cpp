#include <frontends/cli/options.hpp>
#include <keelson/sdk/error.hpp>

#include <boost/make_shared.hpp>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <algorithm>
#include <cctype>

namespace keelson::cli {

namespace po = boost::program_options;

namespace {

/// Boost's notation: "name,n", or ",n" for a letter alone.
std::string notation(const Option& option) {
    std::string text = option.word ? option.word : "";
    if (option.letter) text += {',', option.letter};
    return text;
}

po::options_description describe_to_boost(std::span<const Option> known) {
    po::options_description all;
    for (const auto& option : known) {
        const po::value_semantic* semantic = nullptr;
        if (!option.argument)
            semantic = new po::untyped_value(true);
        else if (option.argument[0] == '[')
            semantic = po::value<std::string>()->implicit_value({});
        else
            semantic = po::value<std::string>();
        all.add(boost::make_shared<po::option_description>(notation(option).c_str(), semantic));
    }
    return all;
}

[[noreturn]] void refuse_ambiguous(const std::string& text, const po::ambiguous_option& error) {
    std::string message = cat("option '", text, "' is ambiguous; possibilities:");
    auto names = error.alternatives();
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const auto& name : names) message += cat(" '--", name, "'");
    throw UsageError(message);
}

/// Boost's own parsers differ from getopt_long(3) in what may be an argument (it refuses `-n -F` and takes the CAP of `-e
/// CAP`), so an option and its argument are cut out here; Boost finds options by name and abbreviation.
class GnuStyle {
public:
    explicit GnuStyle(const po::options_description& known) : known_(known) {}

    /// Takes the first argument, and the second if that belongs to it. Nothing for a word and for `--`.
    std::vector<po::option> operator()(std::vector<std::string>& arguments) const {
        const std::string first = arguments.front();
        if (first.size() < 2 || first[0] != '-' || first == "--") return {};
        arguments.erase(arguments.begin());
        return first[1] == '-' ? take_long(first, arguments) : take_letters(first, arguments);
    }

private:
    std::vector<po::option> take_long(const std::string& text, std::vector<std::string>& rest) const {
        const size_t equals = text.find('=');
        const std::string name = text.substr(2, equals == std::string::npos ? equals : equals - 2);
        const auto* option = find_long(name, text);
        if (!option) throw UsageError(cat("unrecognized option '", text, "'"));
        const std::string full = cat("--", option->key(name));
        if (equals != std::string::npos) {
            if (option->semantic()->max_tokens() == 0) throw UsageError(cat("option '", full, "' doesn't allow an argument"));
            return {made(*option, name, text.substr(equals + 1))};
        }
        if (needs_argument(*option) && rest.empty()) throw UsageError(cat("option '", full, "' requires an argument"));
        return {made(*option, name, argument(*option, rest))};
    }

    std::vector<po::option> take_letters(const std::string& text, std::vector<std::string>& rest) const {
        std::vector<po::option> found;
        for (size_t i = 1; i < text.size(); ++i) {
            const std::string letter = {'-', text[i]};
            const auto* option = known_.find_nothrow(letter, false);
            if (!option) throw UsageError(cat("invalid option -- '", text[i], "'"));
            const bool glued = option->semantic()->max_tokens() > 0 && i + 1 < text.size();
            if (!glued && needs_argument(*option) && rest.empty())
                throw UsageError(cat("option requires an argument -- '", text[i], "'"));
            found.push_back(made(*option, letter, glued ? text.substr(i + 1) : argument(*option, rest)));
            if (glued) break;
        }
        return found;
    }

    const po::option_description* find_long(const std::string& name, const std::string& text) const try {
        return known_.find_nothrow(name, true);
    } catch (const po::ambiguous_option& error) {
        refuse_ambiguous(text, error);
    }

    static bool needs_argument(const po::option_description& option) { return option.semantic()->min_tokens() > 0; }
    static std::string argument(const po::option_description& option, std::vector<std::string>& rest) {
        if (!needs_argument(option)) return {};
        std::string value = rest.front();
        rest.erase(rest.begin());
        return value;
    }
    static po::option made(const po::option_description& option, const std::string& name, const std::string& value) {
        po::option result;
        result.string_key = option.key(name);
        if (option.semantic()->max_tokens() > 0) result.value = {value};
        return result;
    }

    const po::options_description& known_;
};

}  // namespace

Options::Options(std::span<const Option> known, const std::vector<std::string>& arguments) try {
    const auto all = describe_to_boost(known);
    const auto parsed = po::command_line_parser(arguments)
                            .options(all)
                            .style(po::command_line_style::unix_style)
                            .extra_style_parser(GnuStyle(all))
                            .run();
    for (const auto& option : parsed.options) {
        if (option.string_key.empty()) {
            words.insert(words.end(), option.value.begin(), option.value.end());
            continue;
        }
        auto& values = values_[option.string_key.substr(option.string_key.find_first_not_of('-'))];
        values.push_back(option.value.empty() ? std::string() : option.value.front());
    }
} catch (const po::error& error) {
    throw UsageError(error.what());
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
