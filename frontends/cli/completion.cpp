#include <frontends/cli/completion.hpp>
#include <frontends/cli/config_doc.hpp>
#include <frontends/cli/known_options.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/global.hpp>
#include <kernel/monitor/state.hpp>
#include <kernel/plugins/plugin_host.hpp>

#include <algorithm>

namespace keelson::cli {

namespace {

using Words = std::vector<std::string>;

Words with(Words words, std::string_view end) {
    for (std::string& word : words) word += end;
    return words;
}

Words states() {
    Words names;
    for (unsigned i = 0; monitor::name_of(static_cast<monitor::State>(i)) != "UNKNOWN"; ++i)
        names.emplace_back(monitor::name_of(static_cast<monitor::State>(i)));
    return names;
}

/// What an argument can be, by the word that its option declares for it. Others are left to the shell.
Words arguments_called(std::string_view name, const std::string& lxcpath) {
    if (name == "NAME" || name == "NAME|PID") return container_names(lxcpath);
    if (name == "KEY") return key_names();
    if (name == "KEY=VALUE") return with(key_names(), "=");
    if (name == "STATES") return states();
    if (name == "TEMPLATE") return plugin_names("template");
    if (name == "STORAGE") return plugin_names("storage");
    if (name == "FORMAT") return {"human", "json"};
    if (name == "LEVEL") return {"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "FATAL"};
    return {};
}

/// A call that is being typed, taken apart as far as it goes.
class Call {
public:
    Call(const Verb& verb, bool as_lxc, std::span<const std::string> words)
        : verb_(verb), options_(verb, as_lxc), current_(words.back()) {
        typed_.as_lxc = as_lxc;
        typed_.lxcpath = config::global("lxc.lxcpath");
        for (const std::string& word : words.first(words.size() - 1)) take(word);
    }

    Words candidates() const {
        if (behind_dashes_) return {};
        if (open_ != nullptr) return arguments_called(open_->argument, typed_.lxcpath);
        if (current_.starts_with("--") && current_.find('=') != std::string::npos) return after_equals();
        if (current_.starts_with('-')) return option_words();
        if (verb_.next_word != nullptr) return verb_.next_word(typed_);
        if (verb_.naming == Naming::container && typed_.words.empty() && !named_) return container_names(typed_.lxcpath);
        return {};
    }

private:
    const Option* find(std::string_view word) const {
        const bool is_long = word.starts_with("--");
        for (const Option& option : options_.all()) {
            const bool same = is_long ? option.word != nullptr && word.substr(2) == option.word
                                      : word.size() == 2 && option.letter != 0 && word[1] == option.letter;
            if (same) return &option;
        }
        return nullptr;
    }

    void take(const std::string& word) {
        if (open_ != nullptr) return note(*std::exchange(open_, nullptr), word);
        if (word == "--") behind_dashes_ = true;
        if (!word.starts_with('-')) return typed_.words.push_back(word);
        const size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        const Option* const option = find(word.substr(0, equals));
        if (option == nullptr || option->argument == nullptr || option->argument[0] == '[') return;
        if (equals == std::string::npos)
            open_ = option;
        else
            note(*option, word.substr(equals + 1));
    }

    void note(const Option& option, const std::string& value) {
        if (option.word == std::string_view("lxcpath")) typed_.lxcpath = value;
        if (option.word == std::string_view("name")) named_ = true;
    }

    Words after_equals() const {
        const std::string head = current_.substr(0, current_.find('='));
        const Option* const option = find(head);
        if (option == nullptr || option->argument == nullptr) return {};
        Words words = arguments_called(option->argument, typed_.lxcpath);
        for (std::string& word : words) word.insert(0, head + "=");
        return words;
    }

    Words option_words() const {
        Words words;
        for (const Option& option : options_.all()) {
            if (option.help == nullptr) continue;
            const bool takes = option.argument != nullptr && option.argument[0] != '[';
            if (option.word != nullptr) words.push_back(cat("--", option.word, takes ? "=" : ""));
            if (option.word == nullptr && option.letter != 0) words.push_back({'-', option.letter});
        }
        return words;
    }

    const Verb& verb_;
    KnownOptions options_;
    const std::string& current_;
    Typed typed_;
    const Option* open_ = nullptr;  ///< waits for its argument
    bool named_ = false, behind_dashes_ = false;
};

Words split(std::string_view line) {
    Words words;
    for (const std::string_view word : base::words(line)) words.emplace_back(word);
    if (line.empty() || line.ends_with(' ')) words.emplace_back();
    return words;
}

Words all_candidates(const Words& words) {
    const std::string_view program = std::string_view(words.front()).substr(words.front().find_last_of('/') + 1);
    const bool as_lxc = program.starts_with("lxc-");
    const size_t first = as_lxc ? 1 : 2;
    if (words.size() <= first) return as_lxc ? Words() : verb_names();
    const Verb* const verb = find_verb(as_lxc ? program.substr(4) : std::string_view(words[1]));
    if (verb == nullptr || (as_lxc && !verb->lxc_name)) return {};
    return Call(*verb, as_lxc, std::span(words).subspan(first)).candidates();
}

}  // namespace

std::vector<std::string> complete(std::string_view line) {
    const Words words = split(line);
    Words candidates = all_candidates(words);
    std::erase_if(candidates, [&](const std::string& word) { return !word.starts_with(words.back()); });
    return candidates;
}

std::vector<std::string> container_names(const std::string& lxcpath) {
    Words names = container::defined_containers(lxcpath);
    for (std::string& name : container::active_containers(lxcpath)) names.push_back(std::move(name));
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::vector<std::string> key_names() {
    Words names;
    for (const DocumentedKey& key : documented_keys()) {
        std::string& name = names.emplace_back(key.name);
        if (name.starts_with("lxc.net.N.")) name.replace(8, 1, "0");
    }
    return names;
}

std::vector<std::string> plugin_names(std::string_view kind) {
    Words names;
    for (const plugins::PluginFile& plugin : plugins::PluginHost::instance().list(kind)) names.push_back(plugin.name);
    return names;
}

std::vector<std::string> verb_names() {
    Words names;
    for (const Verb* verb : verbs()) names.emplace_back(verb->name);
    return names;
}

}  // namespace keelson::cli
