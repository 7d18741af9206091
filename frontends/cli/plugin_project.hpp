// A new plugin's folder: `keelson plugin new KIND NAME`.
#pragma once

#include <string>
#include <vector>

namespace keelson::cli {

/// Writes a project that builds as it is, a working example of the kind, into `folder`: CMakeLists.txt, NAME.cpp, README.md and
/// .clang-format. Returns their names. Throws Error, before anything is written, if one of them is there already or if kind
/// or name cannot be.
std::vector<std::string> write_plugin_project(const std::string& folder, const std::string& kind, const std::string& name);

}  // namespace keelson::cli
