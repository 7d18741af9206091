#include <sched.h>
#include <strings.h>
#include <unistd.h>
#include <frontends/cli/arguments.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/config_text.hpp>

#include <algorithm>
#include <climits>
#include <limits>

namespace keelson::cli {

int64_t parse_integer(const std::string& option, const std::string& text) {
    const auto value = base::parse_signed(text);
    if (!value) throw UsageError(cat("--", option, ": '", text, "' is not a number"));
    return *value;
}

uint32_t parse_id(const std::string& option, const std::string& text) {
    const int64_t value = parse_integer(option, text);
    if (value < 0 || value >= std::numeric_limits<uint32_t>::max())
        throw UsageError(cat("--", option, ": '", text, "' is not an id"));
    return static_cast<uint32_t>(value);
}

uint64_t parse_namespaces(const std::string& text) {
    struct Name {
        const char *lxc, *kernel;
        uint64_t flag;
    };
    static constexpr Name names[] = {
        {"MOUNT", "mnt", CLONE_NEWNS},     {"PID", "pid", CLONE_NEWPID},    {"UTSNAME", "uts", CLONE_NEWUTS},
        {"IPC", "ipc", CLONE_NEWIPC},      {"USER", "user", CLONE_NEWUSER}, {"NETWORK", "net", CLONE_NEWNET},
        {"CGROUP", "cgroup", 0x02000000U}, {"TIME", "time", 0x00000080U},
    };
    uint64_t flags = 0;
    for (const auto part : base::split(text, '|')) {
        const std::string word(part);
        const auto fits = [&word](const Name& name) {
            return strcasecmp(word.c_str(), name.lxc) == 0 || strcasecmp(word.c_str(), name.kernel) == 0;
        };
        uint64_t flag = 0;
        for (const auto& name : names)
            if (fits(name)) flag = name.flag;
        if (flag == 0)
            throw UsageError(
                cat("unknown namespace '", word, "': MOUNT PID UTSNAME IPC USER NETWORK CGROUP TIME, joined by |"));
        flags |= flag;
    }
    return flags;
}

uint64_t parse_bytes(const std::string& option, const std::string& text) {
    const std::string units = "bkmgt";
    std::string digits = text;
    size_t power = units.find('m');
    if (!digits.empty() && digits.back() > '9') {
        power = units.find(static_cast<char>(digits.back() | 0x20));
        digits.pop_back();
    }
    const auto value = base::parse_unsigned(digits);
    if (!value || power == std::string::npos || *value > (UINT64_MAX >> (10 * power)))
        throw UsageError(cat("--", option, ": '", text, "' is not a size: a number and one of b k m g t"));
    return *value << (10 * power);
}

std::vector<monitor::State> parse_states(const std::string& text) {
    std::vector<monitor::State> states;
    for (const auto word : base::split(text, '|')) {
        const auto state = monitor::state_named(word);
        if (!state)
            throw UsageError(cat("invalid state '", word,
                                 "': STOPPED STARTING RUNNING STOPPING ABORTING FREEZING FROZEN THAWED, joined by |"));
        states.push_back(*state);
    }
    return states;
}

std::optional<std::chrono::seconds> patience(int64_t seconds) {
    constexpr std::chrono::seconds longest = std::chrono::years(100);
    return seconds < 0 ? std::nullopt : std::optional(std::min(std::chrono::seconds(seconds), longest));
}

std::string absolute(const std::string& path) {
    if (path.empty() || path.front() == '/') return path;
    char here[PATH_MAX];
    if (!::getcwd(here, sizeof here)) throw Error::last("find the working directory for", path);
    return cat(here, "/", path);
}

std::string clean_path(const std::string& path) {
    if (path.empty()) return path;
    const std::string whole = absolute(path);
    std::string clean;
    for (const std::string_view part : base::split(whole, '/'))
        if (!part.empty() && part != ".") clean += cat("/", part);
    return clean.empty() ? "/" : clean;
}

void apply_definitions(const Options& options, config::Config& config) {
    for (const auto& definition : options.all("define")) {
        const config::Assignment assignment = config::take_apart(definition);
        if (!assignment.has_equals) throw UsageError(cat("--define: '", definition, "' is not KEY=VALUE"));
        config.override(assignment.key, assignment.value);
    }
}

void apply_shares(const Options& options, config::Config& config) {
    for (const char* name : {"net", "ipc", "uts", "pid"})
        if (const std::string option = cat("share-", name); options.has(option))
            config.override(cat("lxc.namespace.share.", name), options.value(option));
}

bool may_use_path(const Invocation& invocation) {
    if (::access(invocation.lxcpath.c_str(), R_OK) == 0) return true;
    complain(invocation, cat("you lack access to ", invocation.lxcpath));
    return false;
}

}  // namespace keelson::cli
