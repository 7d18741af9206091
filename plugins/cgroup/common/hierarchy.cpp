#include "hierarchy.hpp"

#include <keelson/sdk/error.hpp>
#include <keelson/sdk/text.hpp>

#include <algorithm>

namespace keelson::cgroup {

namespace {

/// Mount options of version 1 that are no controllers (Documentation/admin-guide/cgroup-v1/cgroups.rst).
constexpr std::string_view plain_options[] = {"rw",   "ro",  "xattr",  "noprefix", "clone_children", "cpuset_v2_mode",
                                              "none", "all", "nosuid", "relatime", "favordynmods",   "nofavordynmods"};

std::vector<std::string> controllers_in(std::string_view options) {
    std::vector<std::string> controllers;
    for (const std::string_view option : sdk::split(options, ',')) {
        if (std::ranges::find(plain_options, option) != std::end(plain_options)) continue;
        if (option.starts_with("release_agent=")) continue;
        controllers.emplace_back(option);
    }
    return controllers;
}

/// mountinfo writes blanks, tabs, newlines and backslashes as \ooo.
std::string unescape(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto code =
            text[i] == '\\' && i + 3 < text.size() ? sdk::parse_number<unsigned>(text.substr(i + 1, 3), 8) : std::nullopt;
        plain += code ? static_cast<char>(*code) : text[i];
        if (code) i += 3;
    }
    return plain;
}

/// A path below a mount that shows only the part below `root` of its hierarchy.
std::string below_root(std::string path, std::string_view root) {
    if (root != "/" && path.starts_with(root)) path.erase(0, root.size());
    while (path.ends_with('/')) path.pop_back();
    if (constexpr std::string_view own = "/init.scope"; path.ends_with(own)) path.erase(path.size() - own.size());
    return path;
}

}  // namespace

bool Hierarchy::has(std::string_view controller) const noexcept {
    return std::ranges::find(controllers, controller) != controllers.end();
}

std::string Hierarchy::directory(std::string_view relative) const { return cat(mount_point, base, '/', relative); }

std::string cgroup_of(std::string_view cgroups, const Hierarchy& hierarchy) {
    for (const std::string_view line : sdk::split(cgroups, '\n')) {
        const size_t first = line.find(':'), second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const bool wanted = hierarchy.version == Version::two ? line.starts_with("0::")
                                                              : !hierarchy.controllers.empty() && !controllers.empty() &&
                                                                    hierarchy.has(sdk::split(controllers, ',').front());
        if (wanted) return std::string(line.substr(second + 1));
    }
    return {};
}

std::vector<Hierarchy> find_hierarchies(std::string_view mountinfo, std::string_view cgroups) {
    std::vector<Hierarchy> found;
    for (const std::string_view line : sdk::split(mountinfo, '\n')) {
        const size_t dash = line.find(" - cgroup");
        if (dash == std::string_view::npos) continue;
        const auto front = sdk::split(line.substr(0, dash), ' ');
        const auto back = sdk::split(line.substr(dash + 3), ' ');
        if (front.size() < 5 || back.size() < 3) continue;

        Hierarchy hierarchy;
        hierarchy.version = back[0] == "cgroup2" ? Version::two : Version::one;
        if (hierarchy.version == Version::one) hierarchy.controllers = controllers_in(back[2]);
        hierarchy.mount_point = unescape(front[4]);
        const bool seen = std::ranges::any_of(found, [&](const Hierarchy& other) {
            return other.version == hierarchy.version && other.controllers == hierarchy.controllers;
        });
        if (seen) continue;
        hierarchy.base = below_root(cgroup_of(cgroups, hierarchy), unescape(front[3]));
        found.push_back(std::move(hierarchy));
    }
    return found;
}

}  // namespace keelson::cgroup
