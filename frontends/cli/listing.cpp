#include <strings.h>
#include <frontends/cli/listing.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/monitor/survey.hpp>
#include <kernel/network/visitor.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace keelson::cli {

namespace {

constexpr std::array<const char*, 11> titles = {"NAME",   "STATE",     "PID",  "RAM",  "SWAP",        "AUTOSTART",
                                                "GROUPS", "INTERFACE", "IPV4", "IPV6", "UNPRIVILEGED"};

std::string joined(const std::vector<std::string>& parts) { return parts.empty() ? "-" : base::join(parts, ", "); }

std::string megabytes(const ListedContainer& container, const std::optional<uint64_t>& bytes) {
    if (!container.active) return "-";
    char text[48];
    std::snprintf(text, sizeof text, "%.2fMB", static_cast<double>(bytes.value_or(0)) / 1048576.0);
    return text;
}

}  // namespace

std::optional<Column> column_named(std::string_view name) {
    for (size_t i = 0; i < titles.size(); ++i)
        if (strcasecmp(std::string(name).c_str(), titles[i]) == 0) return static_cast<Column>(i);
    return std::nullopt;
}

std::string_view title_of(Column column) { return titles[static_cast<size_t>(column)]; }

std::string cell(const ListedContainer& container, Column column) {
    switch (column) {
        case Column::name:
            return container.name;
        case Column::state:
            return container.state ? std::string(monitor::name_of(*container.state)) : "-";
        case Column::pid:
            return container.pid ? std::to_string(*container.pid) : "-";
        case Column::ram:
            return megabytes(container, container.memory);
        case Column::swap:
            return megabytes(container, container.swap);
        case Column::autostart:
            return container.autostart ? "1" : "0";
        case Column::groups:
            return joined(container.groups);
        case Column::interface:
            return joined(container.interfaces);
        case Column::ipv4:
            return joined(container.ipv4);
        case Column::ipv6:
            return joined(container.ipv6);
        case Column::unprivileged:
            return container.unprivileged ? "true" : "false";
    }
    return "-";
}

std::vector<ListedContainer> find_containers(const std::string& lxcpath) {
    std::vector<ListedContainer> containers;
    for (auto& name : container::defined_containers(lxcpath)) {
        containers.emplace_back();
        containers.back().name = std::move(name);
        containers.back().defined = true;
    }
    const size_t defined = containers.size();
    for (auto& name : container::active_containers(lxcpath)) {
        const auto end = containers.begin() + static_cast<std::ptrdiff_t>(defined);
        const auto found =
            std::lower_bound(containers.begin(), end, name,
                             [](const ListedContainer& one, const std::string& other) { return one.name < other; });
        if (found != end && found->name == name) {
            found->active = true;
            continue;
        }
        containers.emplace_back();
        containers.back().name = std::move(name);
        containers.back().active = true;
    }
    std::sort(containers.begin(), containers.end(), [](const auto& one, const auto& other) { return one.name < other.name; });
    return containers;
}

void Need::add(Column column) {
    switch (column) {
        case Column::name:
            break;
        case Column::state:
        case Column::pid:
            status = true;
            break;
        case Column::ram:
        case Column::swap:
            usage = true;
            break;
        case Column::autostart:
        case Column::groups:
        case Column::unprivileged:
            config = true;
            break;
        case Column::interface:
            interfaces = true;
            [[fallthrough]];
        case Column::ipv4:
        case Column::ipv6:
            status = network = true;
            break;
    }
}

namespace {

void read_config(ListedContainer& listed, container::Container& container) {
    const config::Config& config = container.config();
    listed.autostart = config.flag("lxc.start.auto");
    listed.unprivileged = config.is_set("lxc.idmap");
    for (const auto& line : config.list("lxc.group"))
        for (const auto word : base::words(line))
            for (const auto group : base::split(word, ','))  // to autostart they are one, as in LXC
                if (!group.empty()) listed.groups.emplace_back(group);
}

bool is_readable(ListedContainer& listed, const std::string& lxcpath, const Need& need) try {
    container::Container container(listed.name, lxcpath);
    if (need.config && listed.defined) read_config(listed, container);
    return true;
} catch (const Error& error) {
    std::fprintf(stderr, "%s\n", base::printable(cat(listed.name, ": ", error.what())).c_str());
    return false;
}

/// It may stop while it is looked at; what is known of it until then is shown.
template <typename Look>
void look_at_running(std::vector<ListedContainer>& containers, Look&& look) {
    for (auto& listed : containers) try {
            if (listed.active) look(listed);
        } catch (const Error& error) {
            base::log_warn(cat("list ", listed.name, ": ", error.what()));
        }
}

std::vector<std::string> names_of_active(const std::vector<ListedContainer>& containers) {
    std::vector<std::string> names;
    for (const auto& listed : containers)
        if (listed.active) names.push_back(listed.name);
    return names;
}

void read_usage(ListedContainer& listed, const std::string& lxcpath) {
    const auto usage = container::Container(listed.name, lxcpath).usage();
    listed.memory = usage.memory_bytes;
    listed.swap = usage.swap_bytes;
}

void read_network(ListedContainer& listed, network::Visitor& visitor, bool interfaces) {
    auto facts = visitor.visit(*listed.pid, interfaces);
    listed.interfaces = std::move(facts.interfaces);
    listed.ipv4 = std::move(facts.ipv4);
    listed.ipv6 = std::move(facts.ipv6);
}

}  // namespace

void fill(std::vector<ListedContainer>& containers, const std::string& lxcpath, const Need& need) {
    // The monitors answer while the configurations are read. Sockets of other network namespaces cannot be reached from there,
    // so these come last.
    monitor::Survey survey(lxcpath, need.status ? names_of_active(containers) : std::vector<std::string>(),
                           std::chrono::seconds(5));
    for (auto& listed : containers) listed.readable = is_readable(listed, lxcpath, need);
    if (need.status)
        look_at_running(containers, [&](ListedContainer& listed) {
            listed.state.reset();
            const monitor::Status status = survey.next();
            listed.state = status.state;
            listed.pid = status.init;
        });
    if (need.usage) look_at_running(containers, [&](ListedContainer& listed) { read_usage(listed, lxcpath); });
    network::Visitor visitor;
    if (need.network)
        look_at_running(containers, [&](ListedContainer& listed) {
            if (listed.pid) read_network(listed, visitor, need.interfaces);
        });
    std::erase_if(containers, [](const ListedContainer& listed) { return !listed.readable; });
}

}  // namespace keelson::cli
