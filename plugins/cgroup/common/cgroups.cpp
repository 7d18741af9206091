#include "cgroups.hpp"

#include <keelson/sdk/text.hpp>

#include <algorithm>

namespace keelson::cgroup {

namespace {

constexpr char between = '\t';

/// Unlike sdk::split it keeps empty parts: the base of a hierarchy may be empty.
std::vector<std::string> fields(std::string_view line) {
    std::vector<std::string> parts(1);
    for (const char c : line) {
        if (c == between) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

std::string joined(const std::vector<std::string>& parts, char separator) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? std::string() : std::string(1, separator)) + part;
    return text;
}

}  // namespace

std::string Cgroups::text() const {
    std::string text = cat("cgroups", between, places.monitor, between, places.limit, between, places.inner, between,
                           places.pivot, between, places.explicit_paths ? 1 : 0);
    for (const Hierarchy& h : hierarchies)
        text += cat('\n', h.version == Version::two ? 2 : 1, between, h.mount_point, between, h.base, between,
                    joined(h.controllers, ','));
    return text;
}

Cgroups Cgroups::parse(std::string_view text) {
    const auto lines = sdk::split(text, '\n');
    const auto first = lines.empty() ? std::vector<std::string>() : fields(lines[0]);
    if (first.size() != 6 || first[0] != "cgroups") throw Error(EINVAL, std::string(text), "not the state of a cgroup driver");
    Cgroups cgroups;
    cgroups.places = {first[1], first[2], first[3], first[4], first[5] == "1"};
    for (size_t i = 1; i < lines.size(); ++i) {
        const auto parts = fields(lines[i]);
        if (parts.size() != 4) throw Error(EINVAL, std::string(lines[i]), "not a hierarchy in a cgroup driver's state");
        Hierarchy hierarchy{parts[0] == "2" ? Version::two : Version::one, {}, parts[1], parts[2]};
        for (const std::string_view controller : sdk::split(parts[3], ',')) hierarchy.controllers.emplace_back(controller);
        cgroups.hierarchies.push_back(std::move(hierarchy));
    }
    return cgroups;
}

const Hierarchy* Cgroups::unified() const noexcept {
    const auto found = std::ranges::find(hierarchies, Version::two, &Hierarchy::version);
    return found == hierarchies.end() ? nullptr : &*found;
}

const Hierarchy* Cgroups::with(std::string_view controller) const noexcept {
    const auto found = std::ranges::find_if(hierarchies, [&](const Hierarchy& h) { return h.has(controller); });
    return found == hierarchies.end() ? nullptr : &*found;
}

}  // namespace keelson::cgroup
