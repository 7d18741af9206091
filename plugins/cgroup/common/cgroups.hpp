// What a driver knows about a container's cgroups, as text: the state that the kernel keeps, and the record in the journal.
#pragma once

#include "hierarchy.hpp"
#include "places.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace keelson::cgroup {

struct Cgroups {
    Places places;
    /// Those that the container has cgroups in; none for an ordinary user without a delegated cgroup.
    std::vector<Hierarchy> hierarchies;

    /// Names and paths hold neither newlines nor tabs: the first line is the places, each further line a hierarchy.
    std::string text() const;
    /// Throws Error when the text is not a cgroups.
    static Cgroups parse(std::string_view text);

    const Hierarchy* unified() const noexcept;
    /// The hierarchy of version 1 that has the controller, or null.
    const Hierarchy* with(std::string_view controller) const noexcept;
};

}  // namespace keelson::cgroup
