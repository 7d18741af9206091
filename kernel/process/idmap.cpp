#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/credentials.hpp>
#include <kernel/process/idmap.hpp>
#include <kernel/process/program.hpp>

#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

namespace keelson::process {
namespace {

bool overlap(uint64_t a, uint64_t b, uint64_t a_count, uint64_t b_count) { return a < b + b_count && b < a + a_count; }

void refuse_overlaps(const std::vector<abi::IdRange>& ranges) {
    for (size_t i = 0; i < ranges.size(); ++i) {
        for (size_t j = i + 1; j < ranges.size(); ++j) {
            const abi::IdRange &a = ranges[i], &b = ranges[j];
            if (a.kind != b.kind) continue;
            if (overlap(a.inside, b.inside, a.count, b.count) || overlap(a.host, b.host, a.count, b.count)) {
                throw Error(EINVAL, "lxc.idmap",
                            cat("two ranges overlap: ", a.inside, " ", a.host, " ", a.count, " and ", b.inside, " ", b.host,
                                " ", b.count),
                            "an id can stand in one range only, inside and on the host");
            }
        }
    }
}

std::string user_name() {
    const passwd* entry = ::getpwuid(::getuid());
    return entry != nullptr ? entry->pw_name : cat(::getuid());
}

/// Lines NAME:FIRST:COUNT, where NAME may be the number of the user.
std::vector<abi::IdRange> granted(const char* file, abi::IdKind kind) {
    std::vector<abi::IdRange> ranges;
    const std::string text = base::exists(file) ? base::read_file(file) : std::string(), name = user_name(),
                      id = cat(::getuid());
    for (const std::string_view line : base::split(text, '\n')) {
        const auto fields = base::split(line, ':');
        if (fields.size() != 3 || (fields[0] != name && fields[0] != id)) continue;
        const auto number = [&](size_t i) { return static_cast<uint32_t>(base::parse_unsigned(fields[i]).value_or(0)); };
        if (number(1) != 0 && number(2) != 0) ranges.push_back({kind, number(1), number(1), number(2)});
    }
    return ranges;
}

/// newuidmap PID INSIDE HOST COUNT ...
void write_by_helper(const char* helper, const char* file, pid_t pid, const std::string& lines) {
    std::vector<std::string> words{helper, cat(pid)};
    for (const std::string_view line : base::split(lines, '\n')) {
        for (const std::string_view word : base::words(line)) words.emplace_back(word);
    }
    const ProgramResult result = run_program(words);
    if (result.status == 127) {
        throw Error(ENOENT, helper, "the helper that writes id maps for ordinary users is missing", "apt-get install uidmap");
    }
    if (result.status != 0) {
        throw Error(EPERM, cat("lxc.idmap of ", user_name()), cat(helper, " refused: ", base::trim(result.output)),
                    cat("the ranges must lie within the user's lines in ", file, ", such as ", user_name(), ":100000:65536"));
    }
}

}  // namespace

IdMap IdMap::from(const config::Config& config) {
    std::vector<abi::IdRange> ranges;
    for (const std::string& value : config.list("lxc.idmap")) {
        const std::vector<std::string_view> w = base::words(value);
        const auto number = [&](size_t i) { return static_cast<uint32_t>(base::parse_unsigned(w.at(i)).value_or(0)); };
        const abi::IdRange range{abi::IdKind::user, number(1), number(2), number(3)};
        if (range.count == 0) throw Error(EINVAL, cat("lxc.idmap = ", value), "a range of no ids maps nothing");
        if (w[0] != "g") ranges.push_back(range);
        if (w[0] != "u") ranges.push_back({abi::IdKind::group, range.inside, range.host, range.count});
    }
    const auto has = [&](abi::IdKind kind) { return std::ranges::find(ranges, kind, &abi::IdRange::kind) != ranges.end(); };
    if (!ranges.empty() && (!has(abi::IdKind::user) || !has(abi::IdKind::group))) {
        throw Error(EINVAL, "lxc.idmap", "users and groups both need a range", "add a line lxc.idmap = u ..., or g ...");
    }
    refuse_overlaps(ranges);
    return IdMap(std::move(ranges));
}

IdMap IdMap::or_granted() const {
    if (!empty()) return *this;
    std::vector<abi::IdRange> ranges = granted("/etc/subuid", abi::IdKind::user);
    for (const abi::IdRange& range : granted("/etc/subgid", abi::IdKind::group)) ranges.push_back(range);
    return IdMap(std::move(ranges));
}

std::optional<uint32_t> IdMap::host(abi::IdKind kind, uint32_t inside) const {
    for (const abi::IdRange& r : ranges_) {
        if (r.kind == kind && inside >= r.inside && inside - r.inside < r.count) return r.host + (inside - r.inside);
    }
    return std::nullopt;
}

uint32_t IdMap::first_free(abi::IdKind kind) const {
    uint32_t id = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (const abi::IdRange& r : ranges_) {
            if (r.kind != kind || id < r.inside || id - r.inside >= r.count) continue;
            id = r.inside + r.count;
            moved = true;
        }
    }
    return id;
}

IdMap IdMap::with_host_id(uint32_t uid, uint32_t gid) const {
    IdMap wider = *this;
    const auto mapped = [&](abi::IdKind kind, uint32_t id) {
        return std::ranges::any_of(
            ranges_, [&](const abi::IdRange& r) { return r.kind == kind && id >= r.host && id - r.host < r.count; });
    };
    if (!mapped(abi::IdKind::user, uid)) wider.ranges_.push_back({abi::IdKind::user, first_free(abi::IdKind::user), uid, 1});
    if (!mapped(abi::IdKind::group, gid)) wider.ranges_.push_back({abi::IdKind::group, first_free(abi::IdKind::group), gid, 1});
    return wider;
}

IdMap IdMap::as_identity() const {
    IdMap same = *this;
    for (abi::IdRange& range : same.ranges_) range.inside = range.host;
    return same;
}

std::string IdMap::lines(abi::IdKind kind) const {
    std::string text;
    for (const abi::IdRange& r : ranges_) {
        if (r.kind == kind) text += cat(r.inside, " ", r.host, " ", r.count, "\n");
    }
    return text;
}

void IdMap::write_directly(pid_t pid) const {
    const std::string hint = "ranges must lie within the ids that this user namespace has itself (see /proc/self/uid_map)";
    for (const auto& [file, kind] : {std::pair{"uid_map", abi::IdKind::user}, std::pair{"gid_map", abi::IdKind::group}}) {
        const std::string path = cat("/proc/", pid, "/", file);
        try {
            base::write_fd(base::open_file(path, O_WRONLY).get(), lines(kind), cat("lxc.idmap in ", path));
        } catch (Error& error) {
            throw error.suggest(hint);
        }
    }
}

bool IdMap::only_ourselves() const {
    return std::ranges::all_of(ranges_, [](const abi::IdRange& r) {
        return r.count == 1 && r.host == (r.kind == abi::IdKind::user ? ::geteuid() : ::getegid());
    });
}

void IdMap::write_for(pid_t pid) const {
    if (only_ourselves()) {
        // Anybody may map his own ids, but then must give up changing groups (user_namespaces(7)).
        base::write_file(cat("/proc/", pid, "/setgroups"), "deny");
        return write_directly(pid);
    }
    if (has_capability(CAP_SETUID) && has_capability(CAP_SETGID)) return write_directly(pid);
    write_by_helper("newuidmap", "/etc/subuid", pid, lines(abi::IdKind::user));
    write_by_helper("newgidmap", "/etc/subgid", pid, lines(abi::IdKind::group));
}

}  // namespace keelson::process
