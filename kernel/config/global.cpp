#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/global.hpp>
#include <kernel/config/global_file.hpp>

namespace keelson::config {

namespace {

bool is_root() { return ::geteuid() == 0; }

std::string home() {
    const char* directory = std::getenv("HOME");
    return directory != nullptr ? directory : "";
}

std::string without_trailing_slashes(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

constexpr GlobalItem items[] = {
    {"lxc.default_config", "/etc/lxc/default.conf", "~/.config/lxc/default.conf",
     "configuration that a new container begins with"},
    {"lxc.lxcpath", "/var/lib/lxc", "~/.local/share/lxc", "directory of the containers"},
    {"lxc.bdev.lvm.vg", "lxc", "lxc", "volume group for containers in logical volumes"},
    {"lxc.bdev.lvm.thin_pool", "lxc", "lxc", "thin pool for them"},
    {"lxc.bdev.zfs.root", "lxc", "lxc", "dataset below which containers are made"},
    {"lxc.cgroup.use", "", "", "cgroup version 1 controllers to use, between commas; empty: all that are there"},
    {"lxc.cgroup.pattern", "", "", "cgroup of each container, %n is its name"},
    {"lxc.bdev.rbd.rbdpool", "lxc", "lxc", "Ceph pool for containers in RBD images"},
    {"lxc.bdev.rbd.rbduser", "", "", "Ceph user for them"},
    {"keelson.plugin.path", "", "", "directories of plugins beside that of the installation, between colons"},
};
/// The rest are known but not listed.
constexpr size_t listed_items = 7;

std::string fallback(const GlobalItem& item) {
    if (is_root()) return std::string(item.for_root);
    return item.for_users.starts_with('~') ? cat(home(), item.for_users.substr(1)) : std::string(item.for_users);
}

GlobalFile read_global_file() {
    const std::string path = is_root() ? "/etc/lxc/lxc.conf" : home() + "/.config/lxc/lxc.conf";
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno != ENOENT && errno != ENOTDIR) throw Error::last("open", path);
    return GlobalFile(file ? base::read_fd(file.get(), path) : std::string());
}

}  // namespace

std::string_view GlobalFile::find(std::string_view item) const noexcept {
    for (std::string_view rest = text_; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const size_t equals = line.find('=');
        if (line.starts_with('#') || equals == std::string_view::npos || base::trim(line.substr(0, equals)) != item) continue;
        const std::string_view value = base::trim(line.substr(equals + 1));
        if (!value.empty()) return value;
    }
    return {};
}

std::string global(const std::string& item) {
    const GlobalItem* const known = std::ranges::find(items, item, &GlobalItem::name);
    if (known == std::end(items)) throw Error(EINVAL, item, "unknown item of lxc.conf", "lxc-config -l lists them");
    static const GlobalFile file = read_global_file();
    const std::string_view said = file.find(item);
    std::string value = said.empty() ? fallback(*known) : std::string(said);
    return item == "lxc.lxcpath" ? without_trailing_slashes(std::move(value)) : value;
}

std::span<const GlobalItem> known_global_items() { return items; }

const std::vector<std::string>& global_items() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> list;
        for (size_t i = 0; i < listed_items; ++i) list.emplace_back(items[i].name);
        return list;
    }();
    return names;
}

std::string run_directory() {
    if (is_root()) return "/run";
    const char* directory = std::getenv("XDG_RUNTIME_DIR");
    return directory != nullptr && *directory == '/' ? directory : home() + "/.cache/lxc/run";
}

std::string runtime_directory(const std::string& lxcpath, const std::string& name) {
    std::string escaped;
    for (const char byte : without_trailing_slashes(lxcpath)) {
        if (byte == '/') {
            escaped += '+';
        } else if (byte == '+' || byte == '%') {
            escaped += byte == '+' ? "%2b" : "%25";
        } else {
            escaped += byte;
        }
    }
    constexpr size_t longest_file_name = 255;  // NAME_MAX, limits.h(0p)
    if (escaped.size() > longest_file_name) escaped = cat("%", base::fnv1a(escaped));
    return cat(run_directory(), "/keelson/", escaped, '/', name);
}

std::string default_log_file(const std::string& lxcpath, const std::string& name) {
    const std::string path = without_trailing_slashes(lxcpath);
    if (is_root() && path == global("lxc.lxcpath")) return cat("/var/log/lxc/", name, ".log");
    return cat(path, '/', name, '/', name, ".log");
}

namespace {

bool is_this_program(const char* path) {
    struct stat running = {}, named = {};
    return ::stat("/proc/self/exe", &running) == 0 && ::stat(path, &named) == 0 && running.st_dev == named.st_dev &&
           running.st_ino == named.st_ino;
}

/// A program that runs from a detached mount has no path. The one that it was told of is believed if the same file is there.
std::string path_of_this_program() {
    constexpr const char* link = "/proc/self/exe";
    char path[PATH_MAX];
    const ssize_t length = ::readlink(link, path, sizeof path);
    if (length < 0) throw Error::last("find this program by", link, "is /proc mounted?");
    std::string found(path, static_cast<size_t>(length));
    if (found.find_last_of('/') != 0) return found;
    const char* told = std::getenv(program_path_variable);
    if (told == nullptr || !is_this_program(told)) throw Error(ENOENT, found, "find this program by");
    return told;
}

}  // namespace

namespace {

std::string& known_prefix() {
    static std::string prefix;
    return prefix;
}

}  // namespace

const std::string& installation_prefix() {
    std::string& prefix = known_prefix();
    if (prefix.empty()) {
        const std::string program = path_of_this_program();
        const std::string directory = program.substr(0, program.find_last_of('/'));
        constexpr std::string_view ours = "/lib/keelson";
        prefix = directory.substr(0, directory.ends_with(ours) ? directory.size() - ours.size() : directory.find_last_of('/'));
    }
    return prefix;
}

void set_installation_prefix(std::string prefix) { known_prefix() = std::move(prefix); }

}  // namespace keelson::config
