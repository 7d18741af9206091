#include <regex.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <frontends/cli/arguments.hpp>
#include <frontends/cli/json.hpp>
#include <frontends/cli/listing.hpp>
#include <frontends/cli/table.hpp>
#include <frontends/cli/verb_table.hpp>
#include <kernel/base/text.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace keelson::cli {

namespace {

constexpr Option options[] = {
    {'1', "line", nullptr, "One name a line"},
    {'f', "fancy", nullptr, "A table"},
    {'F', "fancy-format", "COLUMNS",
     "Columns of the table, joined by commas: NAME, STATE, PID, RAM, SWAP,\nAUTOSTART, GROUPS, INTERFACE, IPV4, IPV6, "
     "UNPRIVILEGED"},
    {0, "active", nullptr, "Those that are running or frozen"},
    {0, "running", nullptr, "Those that are running"},
    {0, "frozen", nullptr, "Those that are frozen"},
    {0, "stopped", nullptr, "Those that are stopped"},
    {0, "defined", nullptr, "Those that have a configuration"},
    {0, "nesting", "[DEPTH]", "Those inside of containers too"},
    {'g', "groups", "LIST", "Those that are in all of these groups, joined by commas"},
    {0, "filter", "REGEX", "Those whose name matches"},
};

/// A POSIX extended expression, anywhere in the name.
class Filter {
public:
    explicit Filter(const std::string& text)
        : compiled_(::regcomp(&expression_, text.c_str(), REG_EXTENDED | REG_NOSUB) == 0) {}
    ~Filter() {
        if (compiled_) ::regfree(&expression_);
    }
    Filter(const Filter&) = delete;
    bool matches(const std::string& name) const {
        return compiled_ && ::regexec(&expression_, name.c_str(), 0, nullptr, 0) == 0;
    }

private:
    regex_t expression_{};
    bool compiled_;
};

struct Selection {
    explicit Selection(const Invocation& invocation) : given(invocation.options) {
        std::string expression = given.value("filter");
        if (!given.has("filter") && given.words.size() == 1) expression = given.words.front();
        if (given.has("filter") || !expression.empty()) filter = std::make_unique<Filter>(expression);
        const std::string list = given.value("groups");
        for (const auto group : base::split(list, ','))
            if (!base::trim(group).empty()) groups.emplace_back(base::trim(group));
        by_state = given.has("running") || given.has("frozen");
    }
    /// Before anything was asked. Each option leaves fewer, as in LXC: --running --stopped leaves none.
    bool may_fit(const ListedContainer& container) const {
        if (filter && !filter->matches(container.name)) return false;
        if (given.has("defined") && !container.defined) return false;
        if (given.has("stopped") && container.active) return false;
        return container.active || !(given.has("active") || by_state);
    }
    bool fits(const ListedContainer& container) const {
        if (given.has("running") && container.state != monitor::State::running) return false;
        if (given.has("frozen") && container.state != monitor::State::frozen) return false;
        return std::all_of(groups.begin(), groups.end(), [&container](const std::string& group) {
            return std::find(container.groups.begin(), container.groups.end(), group) != container.groups.end();
        });
    }

    const Options& given;
    std::unique_ptr<Filter> filter;
    std::vector<std::string> groups;
    bool by_state = false;
};

/// No value, and a line on stderr, for an unknown one.
std::optional<std::vector<Column>> columns_of(const Options& given) {
    std::vector<Column> columns(std::begin(default_columns), std::end(default_columns));
    if (!given.has("fancy-format")) return columns;
    columns.clear();
    const std::string list = given.value("fancy-format");
    for (const auto word : base::split(list, ',')) {
        const auto name = base::trim(word);
        if (name.empty()) continue;
        const auto column = column_named(name);
        if (!column) {
            std::fprintf(stderr, "Invalid key: %s\n", std::string(name).c_str());
            return std::nullopt;
        }
        columns.push_back(*column);
    }
    return columns;
}

size_t terminal_width() {
    winsize size{};
    return ::isatty(STDOUT_FILENO) && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string as_table(const std::vector<ListedContainer>& containers, const std::vector<Column>& columns) {
    std::vector<std::string> header;
    for (const Column column : columns) header.emplace_back(title_of(column));
    std::vector<std::vector<std::string>> rows;
    for (const auto& container : containers) {
        rows.emplace_back();
        for (const Column column : columns) rows.back().push_back(cell(container, column));
    }
    return format_table(header, rows);
}

void add(json::Object& object, const ListedContainer& container, Column column) {
    switch (column) {
        case Column::name:
            object.text("name", container.name);
            break;
        case Column::state:
            if (container.state) object.text("state", monitor::name_of(*container.state));
            break;
        case Column::pid:
            if (container.pid) object.number("pid", *container.pid);
            break;
        case Column::ram:
            if (container.memory) object.raw("memory_bytes", std::to_string(*container.memory));
            break;
        case Column::swap:
            if (container.swap) object.raw("swap_bytes", std::to_string(*container.swap));
            break;
        case Column::autostart:
            object.flag("autostart", container.autostart);
            break;
        case Column::groups:
            object.list("groups", container.groups);
            break;
        case Column::interface:
            object.list("interfaces", container.interfaces);
            break;
        case Column::ipv4:
            object.list("ipv4", container.ipv4);
            break;
        case Column::ipv6:
            object.list("ipv6", container.ipv6);
            break;
        case Column::unprivileged:
            object.flag("unprivileged", container.unprivileged);
            break;
    }
}

std::string as_json(const std::vector<ListedContainer>& containers, const std::vector<Column>& columns) {
    std::vector<std::string> objects;
    for (const auto& container : containers) {
        json::Object object;
        for (const Column column : columns) add(object, container, column);
        objects.push_back(object.str());
    }
    return json::array_of(objects) + "\n";
}

std::vector<ListedContainer> select(const Invocation& invocation, Need need) {
    const Selection selection(invocation);
    need.status = need.status || selection.by_state;
    need.config = need.config || !selection.groups.empty();
    std::vector<ListedContainer> chosen = find_containers(invocation.lxcpath);
    std::erase_if(chosen, [&](const ListedContainer& container) { return !selection.may_fit(container); });
    fill(chosen, invocation.lxcpath, need);
    std::erase_if(chosen, [&](const ListedContainer& container) { return !selection.fits(container); });
    return chosen;
}

std::string as_names(const std::vector<ListedContainer>& containers, bool one_a_line) {
    std::vector<std::string> names;
    for (const auto& container : containers) names.push_back(container.name);
    if (!one_a_line) return format_names(names, terminal_width());
    std::string text;
    for (const auto& name : names) text += name + "\n";
    return text;
}

int run(Invocation& invocation) {
    const Options& given = invocation.options;
    if (given.has("nesting")) return usage_failure(invocation, "--nesting is not supported: run ls inside of the container");
    const bool table = given.has("fancy") || invocation.json();
    const auto columns = columns_of(given);
    if (table && !columns) return 0;
    Need need;
    if (table)
        for (const Column column : *columns) need.add(column);
    const auto containers = select(invocation, need);
    std::string text;
    if (invocation.json())
        text = as_json(containers, *columns);
    else if (!containers.empty())
        text = given.has("fancy") ? as_table(containers, *columns) : as_names(containers, given.has("line"));
    show(text);
    return 0;
}

}  // namespace

const Verb ls_verb = {
    .name = "ls",
    .synopsis = "[-1|-f] [--active] [--running] [--frozen] [--stopped] [-g GROUPS] [--filter REGEX]",
    .summary = "List containers",
    .failed = "cannot be listed",
    .options = options,
    .run = run,
    .naming = Naming::none,
};

}  // namespace keelson::cli
