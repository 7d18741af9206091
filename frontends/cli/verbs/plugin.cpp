// keelson plugin list | info NAME | check FILE | new KIND NAME
#include <unistd.h>
#include <frontends/cli/completion.hpp>
#include <frontends/cli/plugin_manual.hpp>
#include <frontends/cli/plugin_project.hpp>
#include <frontends/cli/report.hpp>
#include <frontends/cli/verb.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/global.hpp>
#include <kernel/plugins/plugin_host.hpp>
#include <kernel/plugins/trusted_file.hpp>

#include <cstdio>

namespace keelson::cli {
namespace {

constexpr Option options[] = {
    {0, "filter", "TEXT", "check: only the checks whose name has TEXT in it"},
    {0, "skip", "CHECK", "check: without the check of that name"},
    {0, "strict", nullptr, "check: warnings count as failures"},
    {0, "parameters", "FILE", "check: read options from FILE, one a line"},
    {0, "set", "KEY=VALUE", "check: configure the plugin under test"},
    {0, "need", "COMMAND", "check: skip all where this command fails"},
    {0, "setup", "COMMAND", "check: run before each check, in its namespaces"},
};

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int list(Invocation& invocation, const std::vector<std::string>& words) {
    if (words.size() > 1) return usage_failure(invocation, "list takes no more than a kind");
    const std::string kind = words.empty() ? std::string() : words.front();
    if (!kind.empty() && !plugins::is_kind(kind))
        throw Error(0, kind, "unknown kind of plugin", "kinds are net, storage, lsm, cgroup, template, hook");
    std::vector<Error> broken;
    const std::vector<plugins::PluginFile> found = plugins::PluginHost::instance().list(kind, &broken);
    if (invocation.json()) {
        print(plugins_json(found, broken) + "\n");
        return 0;
    }
    print(plugin_table(found));
    for (const Error& error : broken)
        complain(invocation, cat(error.what(), error.hint().empty() ? "" : cat("\n  hint  ", error.hint())));
    return 0;
}

/// Every plugin of that name, or of the kind if one is given.
std::vector<plugins::PluginFile> find(const std::string& kind, const std::string& name) {
    auto& host = plugins::PluginHost::instance();
    std::vector<plugins::PluginFile> found;
    for (std::string_view each : plugins::kinds)
        if ((kind.empty() || kind == each) && host.knows(each, name)) found.push_back(host.file(each, name));
    if (!found.empty()) return found;
    if (!kind.empty()) return {host.file(kind, name)};
    throw Error(0, name, "unknown plugin", "keelson plugin list shows all");
}

int info(Invocation& invocation, const std::vector<std::string>& words) {
    if (words.empty() || words.size() > 2) return usage_failure(invocation, "info takes [KIND] NAME");
    const auto found = find(words.size() == 2 ? words.front() : std::string(), words.back());
    for (const auto& file : found) {
        if (&file != &found.front()) print("\n");
        print(invocation.json() ? plugin_json(file) + "\n" : plugin_manual(file));
    }
    return 0;
}

/// Everything that makes a file unfit before its code runs is told here; trust only as a warning, because a file under
/// development is rarely where it will be installed.
void check_file(Invocation& invocation, const std::string& path) {
    const UniqueFd file = plugins::open_regular(path);
    plugins::inspect(file.get(), path);
    try {
        plugins::TrustedFiles(::geteuid()).open(path);
    } catch (const Error& error) {
        if (invocation.options.has("strict")) throw;
        complain(invocation, cat("warning: where it stands it could not be used: ", error.what()));
    }
}

/// The conformance kit does the rest, in its own program: the plugin's code never runs in this process.
int check(Invocation& invocation, const std::vector<std::string>& words) {
    if (words.size() != 1) return usage_failure(invocation, "check takes one FILE");
    check_file(invocation, words.front());
    const std::string program = config::installation_prefix() + "/bin/keelson-conformance";
    std::vector<std::string> arguments{program};
    for (const char* name : {"filter", "skip", "parameters", "set", "need", "setup", "format"})
        for (const std::string& value : invocation.options.all(name)) arguments.push_back(cat("--", name, "=", value));
    if (invocation.options.has("strict")) arguments.emplace_back("--strict");
    arguments.push_back(words.front());
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    std::fflush(nullptr);
    ::execv(program.c_str(), raw.data());
    throw Error::last("run", program, "it is part of Keelson's installation: install it again");
}

int make(Invocation& invocation, const std::vector<std::string>& words) {
    if (words.size() != 2) return usage_failure(invocation, "new takes KIND NAME");
    const std::string& name = words[1];
    const std::vector<std::string> files = write_plugin_project(".", words[0], name);
    print(cat("wrote ", base::join(files, ", "), "\nnext: cmake -B build && cmake --build build && keelson plugin check build/",
              name, ".so\n"));
    return 0;
}

int run(Invocation& invocation) {
    std::vector<std::string> words = invocation.words();
    const std::string what = words.empty() ? std::string() : words.front();
    if (!words.empty()) words.erase(words.begin());
    if (what == "list") return list(invocation, words);
    if (what == "info") return info(invocation, words);
    if (what == "check") return check(invocation, words);
    if (what == "new") return make(invocation, words);
    return usage_failure(invocation, "say what to do: list [KIND], info [KIND] NAME, check FILE, new KIND NAME");
}

std::vector<std::string> next_word(const Typed& typed) {
    if (typed.words.empty()) return {"list", "info", "check", "new"};
    const std::string& what = typed.words.front();
    if (what == "info") return plugin_names(typed.words.size() > 1 ? typed.words[1] : "");
    if (what == "check" || typed.words.size() > 1) return {};
    return {plugins::kinds.begin(), plugins::kinds.end()};
}

}  // namespace

extern const Verb plugin_verb;
const Verb plugin_verb = {
    .name = "plugin",
    .synopsis = "list [KIND] | info [KIND] NAME | check FILE | new KIND NAME",
    .summary = "List, explain, check and begin plugins",
    .failed = "did not work",
    .options = options,
    .run = run,
    .naming = Naming::none,
    .lxc_name = false,
    .next_word = next_word,
};

}  // namespace keelson::cli
