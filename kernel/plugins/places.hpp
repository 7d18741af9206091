// Where plugins stand: DIRECTORY/KIND/NAME.so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keelson::plugins {

/// That of NAME in DIRECTORY/KIND.
std::string plugin_path(const std::string& folder, std::string_view name);
/// The NAMEs among the names of files.
std::vector<std::string> plugin_names(const std::vector<std::string>& files);

}  // namespace keelson::plugins
