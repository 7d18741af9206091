#include <keelson/sdk/error.hpp>
#include <kernel/plugins/places.hpp>

namespace keelson::plugins {
namespace {

constexpr std::string_view suffix = ".so";

}  // namespace

std::string plugin_path(const std::string& folder, std::string_view name) { return cat(folder, "/", name, suffix); }

std::vector<std::string> plugin_names(const std::vector<std::string>& files) {
    std::vector<std::string> names;
    for (const std::string& file : files) {
        const bool is_plugin = file.ends_with(suffix) && file.size() > suffix.size() && file.find('/') == std::string::npos;
        if (is_plugin) names.push_back(file.substr(0, file.size() - suffix.size()));
    }
    return names;
}

}  // namespace keelson::plugins
