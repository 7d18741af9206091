// Taking back records: the kernel's own, and those of plugins.
#pragma once

#include <kernel/container/facts.hpp>
#include <kernel/lifecycle/lifecycle.hpp>
#include <kernel/process/namespaces.hpp>

#include <string>

namespace keelson::container {

/// "PID STARTTIME" (proc(5), field 22 of stat): names a process beyond the reuse of its number.
std::string process_record(pid_t pid);

/// `namespaces` may be null when they are gone. Loads the plugin that a record names.
lifecycle::Undo undo_with(const Facts& facts, const config::Config& config, lifecycle::Journal& journal,
                          const process::NamespaceSet* namespaces);

/// Takes back what a creation made that failed, and closes its journal. What could not be taken back is logged, and stays
/// written down for the next command.
void take_back(lifecycle::Journal& journal, const Facts& facts, const config::Config& config);

}  // namespace keelson::container
