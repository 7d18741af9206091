#include <keelson/sdk/file.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/filesystem/mount_entry.hpp>

namespace keelson::filesystem {

namespace {

constexpr bool is_octal(char letter) noexcept { return letter >= '0' && letter <= '7'; }

/// fstab(5): a blank in a field stands as \040.
std::string unescape(std::string_view field) {
    std::string text;
    for (size_t i = 0; i < field.size(); ++i) {
        const bool escape = field[i] == '\\' && i + 3 < field.size() && is_octal(field[i + 1]) && is_octal(field[i + 2]) &&
                            is_octal(field[i + 3]);
        if (!escape) {
            text += field[i];
            continue;
        }
        text += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0'));
        i += 3;
    }
    return text;
}

struct CgroupToken {
    std::string_view word;
    bool full, unified;
    AutoMounts::Cgroup::Mode mode;
};
using Mode = AutoMounts::Cgroup::Mode;
constexpr CgroupToken cgroup_tokens[] = {
    {"cgroup", false, false, Mode::none},
    {"cgroup:mixed", false, false, Mode::mixed},
    {"cgroup:ro", false, false, Mode::read_only},
    {"cgroup:rw", false, false, Mode::read_write},
    {"cgroup-full", true, false, Mode::none},
    {"cgroup-full:mixed", true, false, Mode::mixed},
    {"cgroup-full:ro", true, false, Mode::read_only},
    {"cgroup-full:rw", true, false, Mode::read_write},
    {"cgroup2", false, true, Mode::read_write},
    {"cgroup2:ro", false, true, Mode::read_only},
};

bool take_cgroup(std::string_view token, AutoMounts& mounts) {
    const bool force = token.ends_with(":force");
    if (force) token.remove_suffix(6);
    for (const CgroupToken& known : cgroup_tokens) {
        if (known.word != token) continue;
        mounts.cgroup = {true, known.full, force, known.unified, known.mode};
        return true;
    }
    return false;
}

bool take_proc_or_sys(std::string_view token, AutoMounts& mounts) {
    if (token == "proc" || token == "proc:mixed") {
        mounts.proc = AutoMounts::Proc::mixed;
    } else if (token == "proc:rw") {
        mounts.proc = AutoMounts::Proc::read_write;
    } else if (token == "sys" || token == "sys:mixed") {
        mounts.sys = AutoMounts::Sys::mixed;
    } else if (token == "sys:ro") {
        mounts.sys = AutoMounts::Sys::read_only;
    } else if (token == "sys:rw") {
        mounts.sys = AutoMounts::Sys::read_write;
    } else {
        return false;
    }
    return true;
}

bool take_tunnel(std::string_view token, AutoMounts& mounts) {
    constexpr std::string_view prefix = "shmounts:";
    if (!token.starts_with(prefix)) return false;
    token.remove_prefix(prefix.size());
    const size_t colon = token.find(':');
    mounts.tunnel_host = token.substr(0, colon);
    mounts.tunnel_inside = colon == std::string_view::npos ? "/dev/.lxc-mounts" : token.substr(colon + 1);
    if (mounts.tunnel_host.empty() || mounts.tunnel_inside.empty()) {
        throw Error(EINVAL, cat(prefix, token), "a path is missing in lxc.mount.auto =", "the form is shmounts:HOST[:INSIDE]");
    }
    return true;
}

config::Origin origin_of(const config::Config& config, std::string_view key) {
    const std::vector<config::Entry> entries = config.family(key);
    return entries.empty() ? config::Origin{} : entries.back().origin;
}

bool is_below(std::string_view path, std::string_view prefix) {
    return !prefix.empty() && path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

/// An id map is given to a copy of what is mounted already, never to a new filesystem.
void refuse_idmap_without_bind(const MountOptions& options) {
    if (options.idmap.empty()) return;
    if (!options.bind) throw Error(EINVAL, {}, "idmap= without bind", "add bind or rbind to the options");
    if (!options.data.empty()) throw Error(EINVAL, options.data, "idmap= together with");
}

}  // namespace

std::string MountEntry::title() const {
    const std::string quoted = cat("'", text, "'");
    return origin.file.empty() ? quoted : cat(origin.file, ":", origin.line, " (", quoted, ")");
}

Error MountEntry::failed(const Error& cause) const {
    const std::string what = cat(cause.message(), cause.object().empty() ? "" : " ", cause.object());
    return {cause.code(), title(), what + ", for the mount entry", cause.hint()};
}

MountEntry parse_entry(std::string_view text, config::Origin origin) {
    MountEntry entry;
    entry.text = base::trim(text);
    entry.origin = std::move(origin);
    const std::vector<std::string_view> fields = base::words(entry.text);
    if (fields.size() < 2) {
        throw Error(EINVAL, entry.title(), "a mount entry needs at least a source and a target:",
                    "the form is that of fstab: SOURCE TARGET TYPE OPTIONS, blanks in a name as \\040");
    }
    entry.source = unescape(fields[0]);
    entry.target = unescape(fields[1]);
    if (fields.size() > 2) entry.type = unescape(fields[2]);
    try {
        if (fields.size() > 3) entry.options = parse_options(unescape(fields[3]));
        refuse_idmap_without_bind(entry.options);
    } catch (const Error& error) {
        throw entry.failed(error);
    }
    return entry;
}

std::vector<MountEntry> parse_fstab(std::string_view content, const std::string& file) {
    std::vector<MountEntry> entries;
    unsigned number = 0;
    for (const std::string_view line : base::split(content, '\n')) {
        ++number;
        const std::string_view text = base::trim(line);
        if (!text.empty() && text.front() != '#') entries.push_back(parse_entry(text, {file, number}));
    }
    return entries;
}

AutoMounts parse_auto(const config::Config& config) {
    AutoMounts mounts;
    for (const config::Entry& entry : config.family("lxc.mount.auto")) {
        for (const std::string_view token : base::words(entry.value)) {
            if (take_proc_or_sys(token, mounts) || take_cgroup(token, mounts) || take_tunnel(token, mounts)) continue;
            throw Error(EINVAL, cat(entry.origin.file, ":", entry.origin.line),
                        cat("lxc.mount.auto knows no '", token, "', found in"));
        }
    }
    return mounts;
}

std::vector<MountEntry> read_entries(const config::Config& config) {
    std::vector<MountEntry> entries;
    const std::string fstab = config.get("lxc.mount.fstab");
    if (!fstab.empty()) entries = parse_fstab(sdk::read_given_file(fstab), fstab);
    for (const config::Entry& entry : config.family("lxc.mount.entry"))
        entries.push_back(parse_entry(entry.value, entry.origin));
    const AutoMounts automatic = parse_auto(config);
    if (!automatic.tunnel_host.empty()) {
        MountEntry tunnel = parse_entry("- - none bind,create=dir", origin_of(config, "lxc.mount.auto"));
        tunnel.source = automatic.tunnel_host;
        tunnel.target = automatic.tunnel_inside.substr(automatic.tunnel_inside.find_first_not_of('/'));
        tunnel.text = cat("shmounts:", automatic.tunnel_host, ":", automatic.tunnel_inside);
        entries.push_back(std::move(tunnel));
    }
    return entries;
}

std::optional<std::string> below_root(const std::string& target, const std::vector<std::string>& prefixes) {
    if (!target.starts_with('/')) return target;
    for (const std::string& prefix : prefixes) {
        if (is_below(target, prefix)) return target.substr(prefix.size());
    }
    return {};
}

}  // namespace keelson::filesystem
