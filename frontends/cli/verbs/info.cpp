#include <frontends/cli/json.hpp>
#include <frontends/cli/table.hpp>
#include <frontends/cli/verb_table.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/monitor/command_client.hpp>
#include <kernel/network/visitor.hpp>

#include <cstdio>

namespace keelson::cli {

namespace {

constexpr Option options[] = {
    {'c', "config", "KEY", "Print a configuration item: of the container as it runs, or of its file"},
    {'i', "ips", nullptr, "Addresses"},
    {'p', "pid", nullptr, "Pid of init"},
    {'S', "stats", nullptr, "Use of cpu, block devices, memory and network"},
    {'s', "state", nullptr, "State"},
    {'H', "no-humanize", nullptr, "Plain numbers"},
};

struct Wanted {
    explicit Wanted(const Options& given)
        : state(given.has("state")),
          pid(given.has("pid")),
          ips(given.has("ips")),
          stats(given.has("stats")),
          plain(given.has("no-humanize")),
          keys(given.all("config")) {
        constexpr size_t stats_count = 5;  // it stands for five kinds of figures
        filters = size_t{state} + size_t{pid} + size_t{ips} + (stats ? stats_count : 0) + keys.size();
        if (filters == 0) state = pid = ips = stats = everything = true;
    }
    /// With -H, a single value stands alone.
    std::string line(const std::string& label, const std::string& value) const {
        return plain && filters == 1 ? value + "\n" : format_field(label + ":", value);
    }
    /// Figures keep their labels.
    std::string figure(const std::string& label, uint64_t bytes) const {
        return format_field(label + ":", plain ? std::to_string(bytes) : human_size(bytes));
    }

    bool state, pid, ips, stats, plain, everything = false;
    std::vector<std::string> keys;
    size_t filters = 0;
};

struct LinkFacts {
    std::string name;
    uint64_t sent = 0, received = 0;  ///< by the container
};

uint64_t counter(const std::string& link, const char* name) {
    const auto text = base::read_file(cat("/sys/class/net/", link, "/statistics/", name));
    return base::parse_unsigned(base::trim(text)).value_or(0);
}

/// What the configuration says does not need a question; another runtime's monitor has to be asked for all, and every one for
/// the name that it drew for a veth pair.
class RunningItems {
public:
    explicit RunningItems(container::Container& container)
        : monitor_(container.lxcpath(), container.name()), config_(container.running_config()) {}
    std::optional<std::string> get(const std::string& key) {
        if (!config_) return monitor_.config_item(key);
        return config_->is_set(key) ? std::optional(config_->get(key)) : std::nullopt;
    }
    std::optional<std::string> host_link(const std::string& device) {
        return get(device + "type") == "veth" ? monitor_.config_item(device + "veth.pair") : get(device + "link");
    }

private:
    monitor::CommandClient monitor_;
    std::optional<config::Config> config_;
};

/// Host ends of the running container's devices; what the host receives from one, the container sent.
std::vector<LinkFacts> links_of(container::Container& container) {
    RunningItems items(container);
    std::vector<LinkFacts> links;
    for (unsigned i = 0;; ++i) {
        const std::string device = cat("lxc.net.", i, ".");
        if (!items.get(device + "type")) return links;
        const auto name = items.host_link(device);
        if (!name || !base::exists(cat("/sys/class/net/", *name))) continue;
        links.push_back({*name, counter(*name, "rx_bytes"), counter(*name, "tx_bytes")});
    }
}

std::vector<std::string> addresses_of(pid_t init) {
    auto facts = network::Visitor().visit(init);
    facts.ipv4.insert(facts.ipv4.end(), facts.ipv6.begin(), facts.ipv6.end());
    return facts.ipv4;
}

std::string usage_text(const container::Usage& usage, const Wanted& wanted) {
    std::string text;
    if (usage.cpu_ns) {
        char seconds[48];
        std::snprintf(seconds, sizeof seconds, "%.2f seconds", static_cast<double>(*usage.cpu_ns) / 1e9);
        text += format_field("CPU use:", wanted.plain ? std::to_string(*usage.cpu_ns) : seconds);
    }
    if (usage.io_bytes) text += wanted.figure("BlkIO use", *usage.io_bytes);
    if (usage.memory_bytes && usage.kernel_memory_bytes) {
        text += wanted.figure("Memory use", *usage.memory_bytes);
        text += wanted.figure("KMem use", *usage.kernel_memory_bytes);
    }
    return text;
}

std::string link_text(const LinkFacts& link, const Wanted& wanted) {
    return format_field("Link:", link.name) + wanted.figure(" TX bytes", link.sent) +
           wanted.figure(" RX bytes", link.received) + wanted.figure(" Total bytes", link.sent + link.received);
}

/// What cannot be had of a running container is left out, and told in the log.
template <typename Ask>
void attempt(const char* what, Ask&& ask) try {
    ask();
} catch (const Error& error) {
    base::log_warn(cat(what, ": ", error.what()));
}

struct Facts {
    std::string state;
    std::optional<pid_t> pid;
    std::vector<std::string> ips;
    container::Usage usage;
    std::vector<LinkFacts> links;
};

Facts gather(container::Container& container, const monitor::Status& status, const Wanted& wanted) {
    Facts facts;
    facts.state = monitor::name_of(status.state);
    if (status.state == monitor::State::stopped) return facts;
    if (wanted.pid) facts.pid = status.init;
    if (wanted.ips && status.init) attempt("addresses", [&] { facts.ips = addresses_of(*status.init); });
    if (wanted.stats) {
        attempt("use", [&] { facts.usage = container.usage(); });
        attempt("links", [&] { facts.links = links_of(container); });
    }
    return facts;
}

std::string as_text(const container::Container& container, const Facts& facts, const Wanted& wanted) {
    std::string text;
    if (wanted.everything) text += format_field("Name:", container.name());
    if (wanted.state) text += wanted.line("State", facts.state);
    if (facts.pid) text += wanted.line("PID", std::to_string(*facts.pid));
    for (const auto& address : facts.ips) text += wanted.line("IP", address);
    if (!wanted.stats) return text;
    text += usage_text(facts.usage, wanted);
    for (const auto& link : facts.links) text += link_text(link, wanted);
    return text;
}

void add(json::Object& object, const char* key, const std::optional<uint64_t>& value) {
    if (value) object.raw(key, std::to_string(*value));
}

json::Object as_json(const container::Container& container, const Facts& facts, const Wanted& wanted) {
    json::Object object;
    object.text("name", container.name());
    if (wanted.state) object.text("state", facts.state);
    if (facts.pid) object.number("pid", *facts.pid);
    if (wanted.ips) object.list("ips", facts.ips);
    if (!wanted.stats) return object;
    add(object, "cpu_ns", facts.usage.cpu_ns);
    add(object, "io_bytes", facts.usage.io_bytes);
    add(object, "memory_bytes", facts.usage.memory_bytes);
    add(object, "kernel_memory_bytes", facts.usage.kernel_memory_bytes);
    add(object, "swap_bytes", facts.usage.swap_bytes);
    std::vector<std::string> links;
    for (const auto& link : facts.links) {
        json::Object one;
        one.text("name", link.name).raw("tx_bytes", std::to_string(link.sent)).raw("rx_bytes", std::to_string(link.received));
        links.push_back(one.str());
    }
    return object.raw("links", json::array_of(links));
}

using Items = std::vector<std::pair<std::string, std::string>>;

/// A key that is not known is told and changes nothing else.
Items items(const Invocation& invocation, container::Container& container, const Wanted& wanted) {
    Items values;
    for (const auto& key : wanted.keys) try {
            values.emplace_back(key, container.item(key));
        } catch (const Error& error) {
            if (invocation.as_lxc)
                std::fprintf(stderr, "%s invalid\n", key.c_str());
            else
                complain(invocation, cat(error.what(), error.hint().empty() ? "" : ": ", error.hint()));
        }
    return values;
}

std::string items_as_text(const Items& items, const Wanted& wanted) {
    std::string text;
    for (const auto& [key, value] : items) {
        if (wanted.plain && wanted.filters == 1)
            text += value + "\n";
        else
            text += cat(key, value.empty() ? " =" : " = ", value, "\n");
    }
    return text;
}

int run(Invocation& invocation) {
    const Wanted wanted(invocation.options);
    auto container = invocation.container();
    container.config();
    const monitor::Status status = container.status();
    if (status.state == monitor::State::stopped && !container.defined() && !invocation.options.has("rcfile")) {
        if (invocation.as_lxc) return std::fprintf(stderr, "%s doesn't exist\n", container.name().c_str()), 1;
        throw Error(ENOENT, container.name(), "no such container:", "'keelson ls' lists them");
    }
    const Facts facts = gather(container, status, wanted);
    std::string text;
    if (invocation.json()) {
        json::Object object = as_json(container, facts, wanted);
        json::Object values;
        for (const auto& [key, value] : items(invocation, container, wanted)) values.text(key, value);
        if (!wanted.keys.empty()) object.raw("config", values.str());
        text = object.str() + "\n";
    } else {
        text = as_text(container, facts, wanted) + items_as_text(items(invocation, container, wanted), wanted);
    }
    show(text);
    return 0;
}

}  // namespace

const Verb info_verb = {
    .name = "info",
    .synopsis = "--name=NAME",
    .summary = "Show the state and figures of a container",
    .failed = "cannot be shown",
    .options = options,
    .run = run,
};

}  // namespace keelson::cli
