#include <fcntl.h>
#include <strings.h>
#include <frontends/cli/listing.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/monitor/command_client.hpp>

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
            return std::string(monitor::name_of(container.state));
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
            state = true;
            break;
        case Column::pid:
            pid = true;
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
        case Column::ipv4:
        case Column::ipv6:
            pid = network = true;
            break;
    }
}

namespace {

void read_config(ListedContainer& listed, container::Container& container) {
    const config::Config& config = container.config();
    listed.autostart = config.flag("lxc.start.auto");
    listed.unprivileged = config.is_set("lxc.idmap");
    for (const auto& line : config.list("lxc.group"))
        for (const auto word : base::words(line)) listed.groups.emplace_back(word);
}

void read_network(ListedContainer& listed) {
    const auto path = cat("/proc/", *listed.pid, "/ns/net");
    const auto net_namespace = base::open_file(path, O_RDONLY);
    for (const auto& interface : network::interfaces(net_namespace.get())) {
        listed.interfaces.push_back(interface.name);
        if (interface.name == "lo") continue;
        listed.ipv4.insert(listed.ipv4.end(), interface.ipv4.begin(), interface.ipv4.end());
        listed.ipv6.insert(listed.ipv6.end(), interface.ipv6.begin(), interface.ipv6.end());
    }
}

/// It may stop while it is looked at; what is known of it until then is shown.
void ask_running(ListedContainer& listed, container::Container& container, const Need& need) try {
    monitor::CommandClient client(container.lxcpath(), container.name(), std::chrono::seconds(5));
    if (need.state) listed.state = client.state();
    if (need.pid) listed.pid = client.init_pid();
    if (need.network && listed.pid) read_network(listed);
    if (!need.usage) return;
    const auto usage = container.usage();
    listed.memory = usage.memory_bytes;
    listed.swap = usage.swap_bytes;
} catch (const Error& error) {
    base::log_warn(cat("list ", listed.name, ": ", error.what()));
}

}  // namespace

bool fill(ListedContainer& listed, const std::string& lxcpath, const Need& need) try {
    container::Container container(listed.name, lxcpath);
    if (need.config && listed.defined) read_config(listed, container);
    if (listed.active) ask_running(listed, container, need);
    return true;
} catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", listed.name.c_str(), error.what());
    return false;
}

}  // namespace keelson::cli
