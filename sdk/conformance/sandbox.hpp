// Namespaces in which a check may do what it wants.
#pragma once

#include <string>
#include <vector>

namespace keelson::conformance {

/// The bridge that stands in every sandbox, for networks that need a link.
inline constexpr const char* bridge_name = "kltbridge0";

/// Moves the calling process, which has to be single-threaded, into its own mount and network namespace; an ordinary user's
/// also into a user namespace whose root that user is. Loopback is up. Throws Skipped where that is not allowed.
void enter_sandbox();

/// Runs shell commands in `directory`. Throws Failure with what they wrote.
/// Throws Skipped when a command fails.
void expect_needs(const std::vector<std::string>& commands, const std::string& directory);
void run_setup(const std::vector<std::string>& commands, const std::string& directory);

}  // namespace keelson::conformance
