// What a process is and has, to see whether two starts made the same of it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace keelson::fault {

/// Credentials, confinement, limits, cgroups, mounts, links, environment, descriptors and namespaces, one a line; without what
/// differs from start to start.
std::string profile_of(pid_t pid);

/// Lines of /proc files without those whose values never come twice.
std::string without_changing_numbers(const std::string& text);

/// "- line" and "+ line"
std::vector<std::string> difference_of_texts(const std::string& before, const std::string& now);

}  // namespace keelson::fault
