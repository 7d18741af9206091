// What one verb of the command line is: `keelson start`, also called as lxc-start. Each stands in a file of its own below
// verbs/ and in the table of verb_table.cpp.
#pragma once

#include <frontends/cli/options.hpp>
#include <kernel/base/log.hpp>
#include <kernel/container/container.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::cli {

struct Invocation;
struct Typed;

enum class Naming {
    container,  ///< -n NAME, else the first word, which is taken away; without one: an error
    none,       ///< no container: all words stay
    raw,        ///< the verb reads its arguments itself, also --help; no common options
};

struct Verb {
    const char* name;
    const char* synopsis;  ///< what follows the program in "Usage: "
    const char* summary;   ///< one line
    const char* failed;    ///< "did not start", after the container's name, when `run` throws
    std::span<const Option> options;
    int (*run)(Invocation&);
    Naming naming = Naming::container;
    bool lxc_name = true;     ///< exists as lxc-NAME too
    bool same_as_lxc = true;  ///< by that name it is the same command; else the page of lxc-NAME is written by hand
    bool many_paths = false;  ///< -P may be given more than once
    bool enters = false;      ///< runs code of ours inside of a container: see readonly_exec.hpp
    /// What --help shows on stdout after the options; may be left out. Called without a container's name.
    void (*more_help)(const Invocation&) = nullptr;
    /// What a shell offers for the next word that is no option. Null: containers, if the verb wants the name of one.
    std::vector<std::string> (*next_word)(const Typed&) = nullptr;
};

/// One call of a verb.
struct Invocation {
    const Verb* verb = nullptr;
    std::string program;                 ///< "lxc-start", "keelson start"
    bool as_lxc = false;                 ///< called by an lxc- name: LXC's messages, none of Keelson's own options
    std::vector<std::string> arguments;  ///< as given
    /// Parsed, with the name taken out of the words; empty for Naming::raw.
    Options options{{}, {}};
    std::string name;
    std::string lxcpath;                ///< absolute, no slash at the end
    std::vector<std::string> lxcpaths;  ///< more than one only for a verb with many_paths

    const std::vector<std::string>& words() const { return options.words; }
    bool quiet() const { return options.has("quiet"); }
    bool json() const { return options.value("format") == "json"; }

    /// Name of the manual page.
    std::string page() const;
    /// The container of the name; with --rcfile its configuration is that file, loaded. What a dead monitor left is taken away
    /// first, as far as that can be done; the verbs that change something insist on it themselves.
    container::Container container() const;
};

/// All verbs, sorted by name.
std::span<const Verb* const> verbs();
/// Null if there is none.
const Verb* find_verb(std::string_view name);
/// "unknown verb 'strat': did you mean start?"
std::string unknown_verb(const std::string& name);

/// Runs a verb as main() does: parses, answers --help and the like, opens the log, reports what is thrown. The exit status.
int run_verb(const Verb& verb, Invocation invocation);

/// A line on stderr unless --quiet; under an lxc- name in LXC's format, and in the log.
void complain(const Invocation& invocation, std::string_view text, base::Where where = base::Where::here());
/// From here on the log goes to lxc.log.file from lxc.log.level on, unless the command line names a file (-o), and to
/// lxc.log.syslog. Invocation::container() does so as far as it can, for a configuration of ours or root's; a verb that starts
/// does it again, because the monitor goes on with its log. Throws.
void log_as_configured(const Invocation& invocation, const config::Config& config);
/// Ends a verb whose command line makes no sense: "PROGRAM: text" on stderr unless --quiet, and 1.
int usage_failure(const Invocation& invocation, std::string_view text);

}  // namespace keelson::cli
