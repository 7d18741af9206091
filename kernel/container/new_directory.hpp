// The directory of a container that is being made.
#pragma once

#include <kernel/container/container.hpp>
#include <kernel/container/facts.hpp>
#include <kernel/lifecycle/journal.hpp>

namespace keelson::container {

/// Throws when there is a container of this name, or one whose creation was interrupted. To be asked with the journal of the
/// name in hand, because another process may have been faster.
void refuse_taken_name(const Container& container);

/// LXCPATH/NAME (0770, for the container's root) and what is missing above it, with their records. One without a configuration
/// may be there already: then the configuration that is to come has the record, which counts as long as the container is marked
/// as partial. Throws.
void make_container_directory(const Facts& facts, lifecycle::Journal& journal);

}  // namespace keelson::container
