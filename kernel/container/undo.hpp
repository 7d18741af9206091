// Taking back records: the kernel's own, and those of plugins.
#pragma once

#include <kernel/container/facts.hpp>
#include <kernel/lifecycle/lifecycle.hpp>
#include <kernel/process/namespaces.hpp>

#include <string>
#include <vector>

namespace keelson::container {

/// "IDENTITY PATH", of a file or directory that was just made: with it the record of a "file" or a "tree" is completed, whose
/// intent has the path alone. Throws.
std::string file_record(const std::string& path);

/// `namespaces` may be null when they are gone. Loads the plugin that a record names.
lifecycle::Undo undo_with(const Facts& facts, const config::Config& config, lifecycle::Journal& journal,
                          const process::NamespaceSet* namespaces);

/// Whether whoever waits for the end of the container has to wait until it is taken back.
bool is_undone_at_once(const lifecycle::Record& record);
bool is_undone_at_leisure(const lifecycle::Record& record);

/// Without namespaces; processes first, so that nobody lives in what is taken away and links come home, and last what may come
/// at leisure, so that what it waits for is on its way. Returns the failures.
std::vector<Error> undo_all(lifecycle::Journal& journal, const Facts& facts, const config::Config& config);

/// Takes back what a creation made that failed, and closes its journal. What could not be taken back is logged, and stays
/// written down for the next command.
void take_back(lifecycle::Journal& journal, const Facts& facts, const config::Config& config);

}  // namespace keelson::container
