// What the configuration asks to have mounted: lxc.mount.fstab, lxc.mount.entry, lxc.mount.auto. Pure, but for reading the
// fstab.
#pragma once

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <kernel/config/config.hpp>
#include <kernel/filesystem/mount.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::filesystem {

/// One line in the form of fstab(5): SOURCE TARGET TYPE OPTIONS [FREQ PASSNO].
struct MountEntry {
    std::string source, target, type;
    MountOptions options;
    std::string text;
    config::Origin origin;
    /// For entries with idmap=: the source, cloned on the host and mapped there.
    UniqueFd mapped;

    /// For messages: "FILE:LINE (TEXT)".
    std::string title() const;
    /// The same failure, with the entry as its object.
    Error failed(const Error& cause) const;
};

/// Octal escapes (\040) are decoded. Throws.
MountEntry parse_entry(std::string_view text, config::Origin origin);
/// Comments and blank lines are left out. Throws.
std::vector<MountEntry> parse_fstab(std::string_view content, const std::string& file);

/// lxc.mount.auto. Of each class the last token counts.
struct AutoMounts {
    enum class Proc { none, mixed, read_write } proc = Proc::none;
    enum class Sys { none, mixed, read_only, read_write } sys = Sys::none;
    /// No mode: it depends on the capabilities.
    struct Cgroup {
        bool wanted = false, full = false, force = false;
        bool unified = false;  ///< cgroup2: that filesystem on /sys/fs/cgroup, whatever the host's layout is
        enum class Mode { none, mixed, read_only, read_write } mode = Mode::none;
    } cgroup;
    /// shmounts:HOST[:INSIDE], empty without.
    std::string tunnel_host, tunnel_inside;
};
/// Throws for an unknown token.
AutoMounts parse_auto(const config::Config& config);

/// fstab, entries in order of the file, then the tunnel of shmounts. Throws.
std::vector<MountEntry> read_entries(const config::Config& config);

/// Where a target lies below the container's root. Absolute targets have to begin with one of the prefixes; nothing: they do
/// not, and such an entry is left out (as in LXC).
std::optional<std::string> below_root(const std::string& target, const std::vector<std::string>& prefixes);

}  // namespace keelson::filesystem
