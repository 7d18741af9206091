#include <frontends/cli/legacy_config.hpp>
#include <keelson/sdk/error.hpp>
#include <kernel/config/config_text.hpp>

#include <algorithm>
#include <charconv>

namespace keelson::cli {

namespace {

struct Rename {
    std::string_view old_name, new_name;
};

constexpr Rename renames[] = {
    {"lxc.aa_allow_incomplete", "lxc.apparmor.allow_incomplete"},
    {"lxc.aa_profile", "lxc.apparmor.profile"},
    {"lxc.console", "lxc.console.path"},
    {"lxc.devttydir", "lxc.tty.dir"},
    {"lxc.haltsignal", "lxc.signal.halt"},
    {"lxc.id_map", "lxc.idmap"},
    {"lxc.init_cmd", "lxc.init.cmd"},
    {"lxc.init_gid", "lxc.init.gid"},
    {"lxc.init_uid", "lxc.init.uid"},
    {"lxc.limit", "lxc.prlimit"},
    {"lxc.logfile", "lxc.log.file"},
    {"lxc.loglevel", "lxc.log.level"},
    {"lxc.mount", "lxc.mount.fstab"},
    {"lxc.network", "lxc.net"},
    {"lxc.pts", "lxc.pty.max"},
    {"lxc.rebootsignal", "lxc.signal.reboot"},
    {"lxc.se_context", "lxc.selinux.context"},
    {"lxc.seccomp", "lxc.seccomp.profile"},
    {"lxc.stopsignal", "lxc.signal.stop"},
    {"lxc.syslog", "lxc.log.syslog"},
    {"lxc.tty", "lxc.tty.max"},
    {"lxc.utsname", "lxc.uts.name"},
};
constexpr std::string_view dropped[] = {"lxc.rootfs.backend", "lxc.pivotdir", "lxc.kmsg"};
constexpr std::string_view network = "lxc.network.", limits = "lxc.limit.";

/// `#` and blanks of a commented line, or nothing.
size_t comment_length(std::string_view line) {
    const size_t mark = line.find_first_not_of(" \t");
    if (mark == std::string_view::npos || line[mark] != '#') return 0;
    const size_t text = line.find_first_not_of("# \t", mark);
    return text == std::string_view::npos ? 0 : text;
}

class Converter {
public:
    explicit Converter(std::string_view text) : text_(text) {
        for (std::string_view rest = text; !rest.empty();) {
            const config::Assignment line = assignment(config::take_line(rest));
            if (line.key == "lxc.rootfs.backend" && !line.value.empty()) backend_ = line.value;
        }
    }

    std::string run() {
        std::string converted;
        for (std::string_view rest = text_; !rest.empty();) convert(config::take_line(rest), converted);
        return converted;
    }

private:
    static config::Assignment assignment(std::string_view line) {
        return config::is_assignment(line) ? config::take_apart(config::without_end(line)) : config::Assignment{};
    }

    void convert(std::string_view line, std::string& out) {
        const size_t comment = comment_length(line);
        const config::Assignment parts = assignment(line.substr(comment));
        if (std::ranges::find(dropped, parts.key) != std::end(dropped)) return;
        if (parts.key.empty() || !parts.has_equals) {
            out += line;
        } else if (parts.key == "lxc.rootfs") {
            const size_t value_at = comment + parts.value_at;
            out += cat(line.substr(0, comment + parts.key_at), "lxc.rootfs.path = ", backend_, ':', line.substr(value_at));
        } else {
            const size_t key_at = comment + parts.key_at;
            out += cat(line.substr(0, key_at), new_name(parts.key, comment != 0), line.substr(key_at + parts.key.size()));
        }
    }

    std::string new_name(std::string_view key, bool commented) {
        if (key.starts_with(limits)) return cat("lxc.prlimit.", key.substr(limits.size()));
        if (key.starts_with(network)) return network_key(key.substr(network.size()), commented);
        const auto found = std::ranges::find(renames, key, &Rename::old_name);
        return std::string(found == std::end(renames) ? key : found->new_name);
    }

    /// A type begins the next device, unless the key has a number of its own.
    std::string network_key(std::string_view key, bool commented) {
        unsigned index = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
        const bool numbered = error == std::errc() && end != key.data() + key.size() && *end == '.';
        if (numbered) {
            key.remove_prefix(static_cast<size_t>(end - key.data()) + 1);
        } else {
            if (key == "type" && !commented) ++devices_;
            index = devices_ == 0 ? 0 : devices_ - 1;
        }
        const bool address = key == "ipv4" || key == "ipv6";
        return cat("lxc.net.", index, '.', key, address ? ".address" : "");
    }

    std::string_view text_;
    std::string backend_ = "dir";
    unsigned devices_ = 0;
};

}  // namespace

std::string convert_legacy(std::string_view text) { return Converter(text).run(); }

bool has_legacy_keys(std::string_view text) { return convert_legacy(text) != text; }

}  // namespace keelson::cli
