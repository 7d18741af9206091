#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/config_text.hpp>
#include <kernel/config/key_lookup.hpp>
#include <kernel/container/copied_config.hpp>

#include <algorithm>

namespace keelson::container {
namespace {

/// The prefix that LXC 5 draws hardware addresses with.
constexpr std::string_view fresh_address = "00:16:3e:xx:xx:xx";

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

class Rewriting {
public:
    Rewriting(const Facts& from, const Facts& to, const KeptNames& kept, CopiedConfig& result)
        : from_(from.directory() + "/"), to_(to.directory() + "/"), kept_(kept), result_(result) {}

    /// With its end; empty for a line that goes.
    std::string line(std::string_view raw) {
        const std::string_view text = config::without_end(raw);
        if (base::trim(text).empty()) return {};
        const std::string same = cat(text, "\n");
        if (!config::is_assignment(text)) return same;
        const config::Assignment parts = config::take_apart(text);
        const std::string key = config::canonical_key(parts.key);
        if (stands_at_the_end(key)) return {};
        if (key.starts_with("lxc.hook.")) return changed(text, parts, hook(std::string(parts.value)));
        if (key == "lxc.mount.entry") return changed(text, parts, mount_entry(std::string(parts.value)));
        return same;
    }

private:
    bool stands_at_the_end(const std::string& key) const {
        return key == "lxc.rootfs.path" || key == "lxc.mount.fstab" || (key == "lxc.uts.name" && !kept_.host_name);
    }

    static std::string changed(std::string_view line, const config::Assignment& parts, const std::string& value) {
        if (value == parts.value) return cat(line, "\n");
        return cat(line.substr(0, parts.value_at), config::quoted(value), "\n");
    }

    std::string hook(const std::string& command) {
        if (!command.starts_with(from_)) return command;
        const std::string program = command.substr(0, command.find_first_of(" \t"));
        const std::string copy = to_ + program.substr(from_.size());
        if (std::ranges::find(result_.files, std::pair(program, copy)) == result_.files.end())
            result_.files.emplace_back(program, copy);
        return copy + command.substr(program.size());
    }

    std::string mount_entry(std::string entry) const {
        const std::vector<std::string_view> fields = base::words(entry);
        if (fields.size() < 4 || fields[2] != "overlay") return entry;
        for (const char* option : {"upperdir=", "workdir="}) {
            const std::string old = cat(option, from_);
            if (const size_t at = entry.find(old); at != std::string::npos) entry.replace(at, old.size(), cat(option, to_));
        }
        return entry;
    }

    const std::string from_, to_;
    const KeptNames& kept_;
    CopiedConfig& result_;
};

void draw_addresses(const config::Config& original, config::Config& copy) {
    for (const unsigned index : original.network_devices()) {
        const std::string key = cat("lxc.net.", index, ".hwaddr");
        if (!original.get(key).empty()) copy.set(key, fresh_address);
    }
}

}  // namespace

CopiedConfig copied_config(const config::Config& original, const Facts& from, const Facts& to, const KeptNames& kept) {
    CopiedConfig result{config::Config(original.plugins()), {}, {}};
    Rewriting rewriting(from, to, kept, result);
    const std::string whole = original.text();
    std::string text;
    for (std::string_view rest = whole; !rest.empty();) text += rewriting.line(config::take_line(rest));
    const std::string path = to.directory() + "/config";
    result.config.load_text(text, path);
    result.config.set_path(path);
    if (!kept.hardware_addresses) draw_addresses(original, result.config);
    if (!kept.host_name && original.is_set("lxc.uts.name")) result.last.emplace_back("lxc.uts.name", to.name());
    if (const std::string fstab = original.get("lxc.mount.fstab"); !fstab.empty()) {
        const std::string copy = to.directory() + "/" + name_of(fstab);
        result.files.emplace_back(fstab, copy);
        result.last.emplace_back("lxc.mount.fstab", copy);
    }
    return result;
}

}  // namespace keelson::container
