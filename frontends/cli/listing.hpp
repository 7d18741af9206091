// The containers of an lxcpath with no more work than what is shown of them: one reading of /proc/net/unix and of the
// directory; a configuration is parsed, a monitor or a network namespace asked only for a column that needs it.
#pragma once

#include <frontends/cli/verb.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::cli {

enum class Column { name, state, pid, ram, swap, autostart, groups, interface, ipv4, ipv6, unprivileged };

/// Any case; no value for an unknown one.
std::optional<Column> column_named(std::string_view name);
std::string_view title_of(Column column);
inline constexpr Column default_columns[] = {Column::name, Column::state, Column::autostart,   Column::groups,
                                             Column::ipv4, Column::ipv6,  Column::unprivileged};

struct ListedContainer {
    std::string name;
    bool defined = false, active = false, readable = true;
    // Filled as far as was asked for.
    std::optional<monitor::State> state = monitor::State::stopped;  ///< none: its monitor did not say
    std::optional<pid_t> pid;
    bool autostart = false, unprivileged = false;
    std::vector<std::string> groups, interfaces, ipv4, ipv6;
    std::optional<uint64_t> memory, swap;
};

/// "-" for what is not there.
std::string cell(const ListedContainer& container, Column column);

/// Defined and active containers by name, each once.
std::vector<ListedContainer> find_containers(const std::string& lxcpath);

/// What a column needs, and the states and groups that filters look at.
struct Need {
    bool status = false, config = false, network = false, interfaces = false, usage = false;
    void add(Column column);
};
/// Leaves out those whose configuration cannot be read, with a line on stderr.
void fill(std::vector<ListedContainer>& containers, const std::string& lxcpath, const Need& need);

}  // namespace keelson::cli
