#include "options.hpp"

#include <keelson/sdk/error.hpp>

namespace keelson::templates {

namespace {

const Option* find_option(std::string_view word, const std::vector<Option>& options) {
    for (const Option& option : options) {
        if (word == option.name) return &option;
        if (option.letter && word.size() == 2 && word[0] == '-' && word[1] == option.letter) return &option;
    }
    return nullptr;
}

std::string names(const std::vector<Option>& options) {
    std::string text = "the template's options are";
    for (const Option& option : options) text += cat(&option == &options.front() ? " " : ", ", option.name);
    return text;
}

}  // namespace

void parse_options(const std::vector<std::string>& words, const std::vector<Option>& options) {
    for (size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const size_t equals = word.starts_with("--") ? word.find('=') : std::string_view::npos;
        const Option* option = find_option(word.substr(0, equals), options);
        if (!option) throw Error(EINVAL, words[i], "the template has no option", names(options));
        if (equals != std::string_view::npos && !option->has_value) throw Error(EINVAL, option->name, "takes no value:");
        if (!option->has_value)
            option->set({});
        else if (equals != std::string_view::npos)
            option->set(word.substr(equals + 1));
        else if (i + 1 < words.size())
            option->set(words[++i]);
        else
            throw Error(EINVAL, words[i], "a value has to follow");
    }
}

}  // namespace keelson::templates
