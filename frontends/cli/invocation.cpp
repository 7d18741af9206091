#include <strings.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <frontends/cli/arguments.hpp>
#include <frontends/cli/known_options.hpp>
#include <frontends/cli/report.hpp>
#include <frontends/cli/verb.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/global.hpp>

#include <cstdio>
#include <new>
#include <optional>

namespace keelson::cli {

namespace {

/// What programs that read lxc-*'s --version compare against.
constexpr const char* lxc_version = "5.0.2";

std::string help_text(const Invocation& invocation) {
    const Verb& verb = *invocation.verb;
    const KnownOptions known(verb, invocation.as_lxc);
    return cat("Usage: ", invocation.program, " ", verb.synopsis, "\n\n", verb.summary, "\n\nOptions :\n",
               describe(known.own()), "\nCommon options :\n", describe(known.common()),
               "\nAn argument of a long option is mandatory or optional for its short form too.\n\nSee the ", invocation.page(),
               " man page for further information.\n\n");
}

void print(FILE* to, const std::string& text) { std::fwrite(text.data(), 1, text.size(), to); }

/// --help, --usage, --version: their status if one was given.
std::optional<int> answer(const Invocation& invocation) {
    const Options& options = invocation.options;
    if (options.has("help") || options.has("?")) {
        print(stderr, help_text(invocation));
        if (invocation.verb->more_help) invocation.verb->more_help(invocation);
        return options.has("help") ? 0 : 1;
    }
    if (options.has("usage")) {
        print(stderr, cat("Usage: ", invocation.program, " ",
                          list_usage(KnownOptions(*invocation.verb, invocation.as_lxc).all()), "\n"));
        return 0;
    }
    if (options.has("version")) {
        print(stdout, cat(invocation.as_lxc ? lxc_version : KEELSON_VERSION, "\n"));
        return 0;
    }
    return std::nullopt;
}

base::Level parse_level(const std::string& text) {
    static constexpr const char* names[] = {"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "FATAL"};
    if (strcasecmp(text.c_str(), "NOTSET") == 0) return base::Level::trace;
    for (size_t i = 0; i < std::size(names); ++i)
        if (strcasecmp(text.c_str(), names[i]) == 0) return static_cast<base::Level>(i);
    throw UsageError(cat("unknown log level '", text, "': one of TRACE DEBUG INFO NOTICE WARN ERROR CRIT ALERT FATAL"));
}

std::string directory_of(const std::string& file) { return file.substr(0, file.rfind('/')); }

/// What the command line says alone.
base::LogOptions log_options(const Invocation& invocation) {
    const Options& given = invocation.options;
    base::LogOptions log;
    log.program = invocation.as_lxc ? invocation.program : "keelson";
    log.container = invocation.name;
    log.quiet = invocation.quiet();
    if (given.has("logpriority")) log.level = parse_level(given.value("logpriority"));
    log.file = given.value("logfile");
    if (given.has("logpriority") && !given.has("logfile")) {
        log.file = config::default_log_file(invocation.lxcpath, invocation.name);
        base::make_directories(directory_of(log.file), 0755);
    }
    if (log.file == "none") log.file.clear();
    return log;
}

/// A facility of lxc.log.syslog, which was checked when it was read.
int facility_named(const std::string& name) {
    if (strcasecmp(name.c_str(), "daemon") == 0) return LOG_DAEMON;
    static constexpr int local[] = {LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
                                    LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};
    return local[static_cast<size_t>(name.back() - '0') % std::size(local)];
}

/// Ours, or root's. Somebody else's must not say which file we append to, of somebody whose container is only looked at.
bool is_trusted(const std::string& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 && (status.st_uid == 0 || status.st_uid == ::geteuid());
}

/// For verbs that do without: what is wrong with the configuration is told by those that need it.
void log_as_configured_if_possible(const Invocation& invocation, container::Container& container) {
    try {
        log_as_configured(invocation, container.config());
    } catch (const Error& error) {
        base::log_info(cat("no log as configured: ", error.what()));
    }
}

/// Absolute, because the monitor's socket is named after the path; no slash at the end.
void take_name(Invocation& invocation) {
    invocation.name = invocation.options.value("name");
    if (invocation.verb->naming != Naming::container) return;
    auto& words = invocation.options.words;
    if (!invocation.options.has("name") && !words.empty()) {
        invocation.name = words.front();
        words.erase(words.begin());
    }
    if (invocation.name.empty()) throw UsageError("no container name specified");
}

void take_paths(Invocation& invocation) {
    for (const auto& path : invocation.options.all("lxcpath")) invocation.lxcpaths.push_back(clean_path(path));
    if (invocation.lxcpaths.size() > 1 && !invocation.verb->many_paths)
        throw UsageError("this command accepts only one -P, --lxcpath");
    if (invocation.lxcpaths.empty()) invocation.lxcpaths.push_back(clean_path(config::global("lxc.lxcpath")));
    invocation.lxcpath = invocation.lxcpaths.front();
}

void check_format(const Invocation& invocation) {
    const std::string format = invocation.options.value("format");
    if (!format.empty() && format != "human" && format != "json")
        throw UsageError(cat("unknown format '", format, "': human or json"));
}

void report(const Invocation& invocation, const Error& error) {
    const std::string subject = invocation.name.empty() ? std::string(invocation.verb->name) : invocation.name;
    const std::string what = cat(base::printable(subject), " ", invocation.verb->failed);
    if (invocation.as_lxc) {
        for (const auto& line : for_log(what, error)) base::log_error(line);
        return;
    }
    if (invocation.json())
        print(stderr, for_programs(what, invocation.name, error));
    else if (!invocation.quiet())
        print(stderr, base::printable(for_people(what, error), "\n\t"));
}

int run_parsed(const Verb& verb, Invocation& invocation) {
    if (verb.naming == Naming::raw) {
        base::open_log({.program = invocation.program});
        return verb.run(invocation);
    }
    if (const auto status = answer(invocation)) return *status;
    check_format(invocation);
    take_name(invocation);
    take_paths(invocation);
    base::open_log(log_options(invocation));
    return verb.run(invocation);
}

int flushed(int status) {
    if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return status;
    print(stderr, "keelson: cannot write to standard output\n");
    return status == 0 ? 1 : status;
}

}  // namespace

std::string Invocation::page() const { return as_lxc ? program : "keelson"; }

container::Container Invocation::container() const {
    container::Container container(name, lxcpath);
    try {
        container.recover();
    } catch (const Error& error) {
        base::log_warn(cat("leftovers of ", name, ": ", error.what()));
    }
    if (options.has("rcfile")) container.load_config(options.value("rcfile"));
    if (options.has("rcfile") || is_trusted(container.config_path())) log_as_configured_if_possible(*this, container);
    return container;
}

void log_as_configured(const Invocation& invocation, const config::Config& config) {
    const bool in_file = config.is_set("lxc.log.file"), in_syslog = config.is_set("lxc.log.syslog");
    if (!in_file && !in_syslog && !config.is_set("lxc.log.level")) return;
    base::LogOptions log = log_options(invocation);
    if (!invocation.options.has("logfile")) {
        if (in_file) log.file = config.get("lxc.log.file");
        if (config.is_set("lxc.log.level")) log.level = parse_level(config.printed("lxc.log.level"));
        if (in_file && log.file.find('/') != std::string::npos) base::make_directories(directory_of(log.file), 0755);
    }
    if (in_syslog) log.facility = facility_named(config.get("lxc.log.syslog"));
    base::open_log(log);
}

int run_verb(const Verb& verb, Invocation invocation) {
    invocation.verb = &verb;
    if (verb.naming != Naming::raw) try {
            invocation.options = Options(KnownOptions(verb, invocation.as_lxc).all(), invocation.arguments);
        } catch (const UsageError& error) {
            print(stderr, cat(invocation.program, ": ", error.what(), "\n", help_text(invocation)));
            return 1;
        }
    try {
        return flushed(run_parsed(verb, invocation));
    } catch (const UsageError& error) {
        return flushed(usage_failure(invocation, error.what()));
    } catch (const Error& error) {
        report(invocation, error);
    } catch (const std::bad_alloc&) {
        report(invocation, Error(ENOMEM, {}, "allocate memory"));
    } catch (const std::exception& error) {
        report(invocation, Error(0, {}, error.what()));
    }
    return flushed(1);
}

void complain(const Invocation& invocation, std::string_view text, base::Where where) {
    if (invocation.as_lxc)
        base::log(base::Level::error, text, where);
    else if (!invocation.quiet())
        print(stderr, cat(invocation.program, ": ", base::printable(text, "\n\t"), "\n"));
}

int usage_failure(const Invocation& invocation, std::string_view text) {
    if (!invocation.quiet()) print(stderr, cat(invocation.program, ": ", text, "\n"));
    return 1;
}

}  // namespace keelson::cli
