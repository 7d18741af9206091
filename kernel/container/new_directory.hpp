// The directory of a container that is being made.
#pragma once

#include <kernel/container/facts.hpp>
#include <kernel/lifecycle/journal.hpp>

namespace keelson::container {

/// LXCPATH/NAME (0770, for the container's root), with its record. One without a configuration may be there already: then the
/// configuration that is to come has the record. Throws.
void make_container_directory(const Facts& facts, lifecycle::Journal& journal);

}  // namespace keelson::container
