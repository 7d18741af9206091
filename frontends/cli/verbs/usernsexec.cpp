#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/wait.h>
#include <frontends/cli/verb_table.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/clone.hpp>
#include <kernel/process/idmap.hpp>

#include <cstdio>

namespace keelson::cli {

namespace {

using keelson::abi::IdKind;
using keelson::abi::IdRange;

constexpr Option options[] = {
    {'m', nullptr, "T:NSID:HOSTID:RANGE", "Map a range; T is u, g, or b for both"},
    {'s', nullptr, nullptr, "Map the caller's own ids too"},
    {'u', nullptr, "UID", "Become this user inside (default: 0)"},
    {'g', nullptr, "GID", "Become this group inside (default: 0)"},
    {'h', nullptr, nullptr, "Show this help"},
};

uint32_t id_of(std::string_view text, const std::string& what) {
    const auto value = base::parse_unsigned(text);
    if (!value || *value >= UINT32_MAX) throw UsageError(cat("'", text, "' in ", what, " is not a number that fits"));
    return static_cast<uint32_t>(*value);
}

void add_map(const std::string& text, std::vector<IdRange>& ranges) {
    const auto parts = base::split(text, ':');
    if (parts.size() != 4 || (parts[0] != "u" && parts[0] != "g" && parts[0] != "b"))
        throw UsageError(cat("'", text, "' is not T:NSID:HOSTID:RANGE"));
    const IdRange range{IdKind::user, id_of(parts[1], text), id_of(parts[2], text), id_of(parts[3], text)};
    if (range.count == 0) throw UsageError(cat("'", text, "' maps nothing"));
    if (parts[0] != "g") ranges.push_back(range);
    if (parts[0] != "u") ranges.push_back({IdKind::group, range.inside, range.host, range.count});
}

/// The caller's first line of subuid(5) or subgid(5), mapped from 0.
IdRange granted(IdKind kind, const char* file) {
    const passwd* entry = ::getpwuid(::getuid());
    const std::string name = entry ? entry->pw_name : "", number = std::to_string(::getuid());
    const std::string content = base::read_file(file);
    for (const auto line : base::split(content, '\n')) {
        const auto parts = base::split(line, ':');
        if (parts.size() != 3 || (parts[0] != name && parts[0] != number)) continue;
        return {kind, 0, id_of(parts[1], file), id_of(parts[2], file)};
    }
    throw Error(ENOENT, file, cat("no range for ", name.empty() ? number : name, " in"),
                cat("root can add a line ", name.empty() ? number : name, ":100000:65536"));
}

process::IdMap map_of(const Options& given) {
    std::vector<IdRange> ranges;
    for (const auto& text : given.all("m")) add_map(text, ranges);
    if (ranges.empty()) ranges = {granted(IdKind::user, "/etc/subuid"), granted(IdKind::group, "/etc/subgid")};
    const process::IdMap map(std::move(ranges));
    return given.has("s") ? map.with_host_id(::getuid(), ::getgid()) : map;
}

/// In the new namespaces, once the maps are written.
[[noreturn]] void become(const UniqueFd& mapped, uint32_t uid, uint32_t gid, const std::vector<std::string>& command) {
    char byte = 0;
    if (::read(mapped.get(), &byte, 1) != 1) ::_exit(1);
    // Where setgroups(2) is denied there are no others to drop.
    const bool dropped = ::setgroups(0, nullptr) == 0 || errno == EPERM;
    if (!dropped || ::setresgid(gid, gid, gid) < 0 || ::setresuid(uid, uid, uid) < 0) {
        std::perror("lxc-usernsexec: change ids");
        ::_exit(1);
    }
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
    std::fprintf(stderr, "lxc-usernsexec: execute %s: %s\n", words[0], std::strerror(errno));
    ::_exit(1);
}

int run_mapped(const process::IdMap& map, uint32_t uid, uint32_t gid, const std::vector<std::string>& command) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) throw Error::last("pipe", {});
    const UniqueFd mapped(ends[0]);
    UniqueFd tell(ends[1]);
    const auto child = process::clone_process({.flags = CLONE_NEWUSER | CLONE_NEWNS});
    if (child.pid == 0) {
        tell.reset();
        become(mapped, uid, gid, command);
    }
    try {
        map.write_for(child.pid);
        if (::write(tell.get(), "m", 1) != 1) throw Error::last("tell the new process of its maps", {});
    } catch (...) {
        tell.reset();
        process::reap(child.pidfd.get());
        throw;
    }
    return process::reap(child.pidfd.get());
}

int help(const Invocation& invocation, FILE* to) {
    std::fprintf(to, "Usage: %s [-m T:NSID:HOSTID:RANGE]... [-s] [-u UID] [-g GID] [--] [COMMAND]\n\n%s\n\n%s",
                 invocation.program.c_str(), invocation.verb->summary, describe(options).c_str());
    return to == stdout ? 0 : 1;
}

int run(Invocation& invocation) try {
    const Options given(options, invocation.arguments);
    if (given.has("h")) return help(invocation, stdout);
    const uint32_t uid = given.has("u") ? id_of(given.value("u"), "-u") : 0;
    const uint32_t gid = given.has("g") ? id_of(given.value("g"), "-g") : 0;
    const auto command = given.words.empty() ? std::vector<std::string>{"/bin/sh"} : given.words;
    const int status = run_mapped(map_of(given), uid, gid, command);
    // LXC's tool does not tell of a signal.
    return invocation.as_lxc && WIFSIGNALED(status) ? 0 : process::shell_status(status);
} catch (const UsageError& error) {
    std::fprintf(stderr, "%s: %s\n", invocation.program.c_str(), error.what());
    return help(invocation, stderr);
}

}  // namespace

const Verb usernsexec_verb = {
    .name = "usernsexec",
    .synopsis = "[-m T:NSID:HOSTID:RANGE]... [--] [COMMAND]",
    .summary = "Run a command as root of a new user namespace",
    .failed = "did not run it",
    .options = options,
    .run = run,
    .naming = Naming::raw,
};

}  // namespace keelson::cli
