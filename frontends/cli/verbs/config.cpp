// keelson config get|set|unset|list|lint|doc: the configuration of a container, or a file of that language.
#include <frontends/cli/completion.hpp>
#include <frontends/cli/config_doc.hpp>
#include <frontends/cli/json.hpp>
#include <frontends/cli/legacy_config.hpp>
#include <frontends/cli/lxc_config.hpp>
#include <frontends/cli/report.hpp>
#include <frontends/cli/verb_table.hpp>
#include <keelson/sdk/file.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/config_text.hpp>
#include <kernel/config/global.hpp>
#include <kernel/config/lint.hpp>
#include <kernel/config/turn.hpp>
#include <kernel/plugins/plugin_host.hpp>

#include <algorithm>
#include <cstdio>

namespace keelson::cli {

namespace {

constexpr Option known_options[] = {
    {'P', "lxcpath", "PATH", "Directory of the containers"},
    {'o', "origin", nullptr, "list: show the file and line of each value"},
    {0, "fix", nullptr, "lint: convert keys from before LXC 2.1 in the file; the old one stays as FILE.backup"},
    {'q', "quiet", nullptr, "lint: no warnings, errors alone"},
    {0, "format", "FORMAT", "human or json"},
    {'h', "help", nullptr, "Show this help"},
};

constexpr const char* usage =
    "Usage: keelson config get TARGET KEY...\n"
    "       keelson config set TARGET KEY=VALUE...\n"
    "       keelson config unset TARGET KEY...\n"
    "       keelson config list [--origin] TARGET\n"
    "       keelson config lint [--fix] TARGET...\n"
    "       keelson config doc [KEY|PLUGIN]...\n"
    "\n"
    "TARGET is a container's name, or a file's path if it has a slash. `set` adds to keys that are lists.\n"
    "`get` prints values as lxc-info -c does; `list` all that is in effect, with what included files say.\n"
    "\n";

struct Call {
    const Options& options;
    std::vector<std::string> words;  ///< after the action

    bool json() const { return options.value("format") == "json"; }
    std::string file(const std::string& target) const {
        if (target.find('/') != std::string::npos) return target;
        const std::string given = options.value("lxcpath");
        return cat(given.empty() ? config::global("lxc.lxcpath") : given, '/', target, "/config");
    }
    config::Config load() const {
        if (words.empty()) throw UsageError("no container and no file is named");
        config::Config result(plugins::PluginHost::instance());
        result.load(file(words.front()));
        return result;
    }
    /// What follows the target; there has to be something.
    std::vector<std::string> rest(const char* what) const {
        if (words.size() < 2) throw UsageError(cat("no ", what, " is named"));
        return {words.begin() + 1, words.end()};
    }
};

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int get(const Call& call) {
    const config::Config subject = call.load();
    json::Object all;
    for (const std::string& key : call.rest("key")) {
        const std::string value = subject.printed(key);
        if (call.json())
            all.text(key, value);
        else
            print(value.ends_with('\n') ? value : value + '\n');
    }
    if (call.json()) print(all.str() + '\n');
    return 0;
}

int set(const Call& call) {
    const UniqueFd turn = config::take_turn();
    config::Config subject = call.load();
    for (const std::string& word : call.rest("KEY=VALUE")) {
        const config::Assignment assignment = config::take_apart(word);
        if (!assignment.has_equals) throw UsageError(cat("'", word, "' is not KEY=VALUE"));
        subject.set(assignment.key, assignment.value);
    }
    subject.save(subject.path());
    return 0;
}

int unset(const Call& call) {
    const UniqueFd turn = config::take_turn();
    config::Config subject = call.load();
    for (const std::string& key : call.rest("key")) subject.unset(key);
    subject.save(subject.path());
    return 0;
}

int list(const Call& call) {
    const config::Config subject = call.load();
    std::vector<std::string> objects;
    for (const config::Entry& entry : subject.entries()) {
        const std::string place = cat(entry.origin.file, ':', entry.origin.line);
        if (call.json()) {
            objects.push_back(json::Object()
                                  .text("key", entry.key)
                                  .text("value", entry.value)
                                  .text("file", entry.origin.file)
                                  .number("line", entry.origin.line)
                                  .str());
        } else {
            print(cat(call.options.has("origin") ? place + ": " : "", entry.key, " = ", config::quoted(entry.value), '\n'));
        }
    }
    if (call.json()) print(json::array_of(objects) + '\n');
    return 0;
}

void fix(const std::string& path) {
    const UniqueFd turn = config::take_turn();
    const std::string text = base::read_trusted_file(path);
    if (!has_legacy_keys(text)) return;
    base::replace_file(path + ".backup", text, 0660);
    base::replace_file(path, convert_legacy(text), 0660);
}

void show(const Call& call, const config::Problem& problem, std::vector<std::string>& objects) {
    const Error& error = problem.error;
    const char* const kind = problem.warning ? "warning" : "error";
    if (call.json()) {
        objects.push_back(json::Object()
                              .text("place", error.object())
                              .text("kind", kind)
                              .text("message", error.message())
                              .text("hint", error.hint())
                              .str());
        return;
    }
    std::string message = error.message();
    if (message.ends_with(", in")) message.resize(message.size() - 4);
    const std::string reason = error.code() != 0 ? cat(": ", std::strerror(error.code())) : "";
    print(
        cat(error.object(), ": ", kind, ": ", message, reason, error.hint().empty() ? "" : cat(" (", error.hint(), ")"), '\n'));
}

int lint(const Call& call) {
    if (call.words.empty()) throw UsageError("no container and no file is named");
    std::vector<std::string> objects;
    bool good = true, legacy = false;
    for (const std::string& target : call.words) {
        const std::string path = call.file(target);
        if (call.options.has("fix")) fix(path);
        legacy = legacy || has_legacy_keys(sdk::read_given_file(path));
        for (const config::Problem& problem : config::lint(path, plugins::PluginHost::instance())) {
            good = good && problem.warning;
            if (!(problem.warning && call.options.has("quiet"))) show(call, problem, objects);
        }
    }
    if (call.json()) print(json::array_of(objects) + '\n');
    if (legacy) std::fputs("keelson config: there are keys from before LXC 2.1; --fix converts them\n", stderr);
    return good ? 0 : 1;
}

int doc(const Call& call) { return run_config_doc(call.words, call.json()); }

struct Action {
    std::string_view name;
    int (*run)(const Call&);
};
constexpr Action actions[] = {{"get", get}, {"set", set}, {"unset", unset}, {"list", list}, {"lint", lint}, {"doc", doc}};

int show_usage(FILE* to, int status) {
    std::fputs(usage, to);
    std::fputs(describe(known_options).c_str(), to);
    return status;
}

int run(Invocation& invocation) {
    if (invocation.as_lxc) return run_lxc_config(invocation.arguments);
    const Options options(known_options, invocation.arguments);
    if (options.has("help")) return show_usage(stdout, 0);
    if (options.words.empty()) return show_usage(stderr, 1);
    const auto action = std::ranges::find(actions, options.words.front(), &Action::name);
    if (action == std::end(actions))
        throw UsageError(cat("unknown action '", options.words.front(), "': get, set, unset, list, lint or doc"));
    return action->run({options, {options.words.begin() + 1, options.words.end()}});
}

std::vector<std::string> next_word(const Typed& typed) {
    if (typed.as_lxc) return typed.words.empty() ? config::global_items() : std::vector<std::string>();
    std::vector<std::string> found;
    if (typed.words.empty()) {
        for (const Action& action : actions) found.emplace_back(action.name);
        return found;
    }
    const std::string& action = typed.words.front();
    if (action == "doc") return key_names();
    if (typed.words.size() == 1 || action == "lint") return container_names(typed.lxcpath);
    if (action == "list") return {};
    found = key_names();
    if (action == "set") std::ranges::for_each(found, [](std::string& key) { key += '='; });
    return found;
}

}  // namespace

const Verb config_verb = {
    .name = "config",
    .synopsis = "get|set|unset|list|lint|doc ...",
    .summary = "Read, change, check and explain configurations",
    .failed = "did not work",
    .options = known_options,
    .run = run,
    .naming = Naming::raw,
    .same_as_lxc = false,
    .next_word = next_word,
};

}  // namespace keelson::cli
