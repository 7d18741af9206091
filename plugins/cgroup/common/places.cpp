#include "places.hpp"

namespace keelson::cgroup {

namespace {

constexpr const char* dir_key = "lxc.cgroup.dir";
constexpr const char* monitor_key = "lxc.cgroup.dir.monitor";
constexpr const char* pivot_key = "lxc.cgroup.dir.monitor.pivot";
constexpr const char* container_key = "lxc.cgroup.dir.container";
constexpr const char* inner_key = "lxc.cgroup.dir.container.inner";
constexpr const char* pattern_key = "lxc.cgroup.pattern";

void check_keys(const sdk::Context& context) {
    const bool monitor = context.is_set(monitor_key), container = context.is_set(container_key);
    if (context.is_set(dir_key) && (monitor || container))
        throw Error(EINVAL, dir_key, cat("cannot be combined with ", monitor_key, " and ", container_key),
                    "set either the one or the two others");
    if (monitor != container)
        throw Error(EINVAL, monitor ? monitor_key : container_key,
                    cat("needs ", monitor ? container_key : monitor_key, " as well"));
    if (context.is_set(inner_key) && !monitor)
        throw Error(EINVAL, inner_key, cat("needs ", monitor_key, " and ", container_key, " as well"));
}

std::string fill_in(std::string pattern, const std::string& name) {
    for (size_t at = pattern.find("%n"); at != std::string::npos; at = pattern.find("%n", at + name.size()))
        pattern.replace(at, 2, name);
    while (pattern.starts_with('/')) pattern.erase(0, 1);
    return pattern;
}

}  // namespace

Places places_of(const sdk::Context& context) {
    check_keys(context);
    Places places;
    const std::string pattern = context.by_ordinary_user() ? std::string() : context.value(pattern_key);
    if (context.is_set(monitor_key)) {
        places.explicit_paths = true;
        places.monitor = context.value(monitor_key);
        places.limit = context.value(container_key);
        places.inner = context.is_set(inner_key) ? cat(places.limit, '/', context.value(inner_key)) : places.limit;
        places.pivot = "lxc.pivot";
    } else if (!context.is_set(dir_key) && !pattern.empty()) {
        const std::string directory = fill_in(pattern, context.name());
        places.monitor = directory + "/monitor";
        places.limit = places.inner = directory + "/payload";
        places.pivot = "lxc.pivot";
    } else {
        const std::string directory = context.is_set(dir_key) ? context.value(dir_key) + "/" : std::string();
        places.monitor = cat(directory, "lxc.monitor.", context.name());
        places.limit = places.inner = cat(directory, "lxc.payload.", context.name());
        places.pivot = directory + "lxc.pivot";
    }
    if (context.is_set(pivot_key)) places.pivot = context.value(pivot_key) + "/lxc.pivot";
    return places;
}

}  // namespace keelson::cgroup
