#include <kernel/base/text.hpp>
#include <kernel/config/global.hpp>
#include <kernel/plugins/plugin_host.hpp>

#include <unistd.h>

#include <cstdlib>

namespace keelson::plugins {
namespace {

std::vector<std::string> directories_of_user() {
    std::vector<std::string> found;
    const std::string configured = config::global("keelson.plugin.path");
    for (std::string_view each : base::split(configured, ':'))
        if (!each.empty()) found.emplace_back(each);
    found.push_back(config::installation_prefix() + "/lib/keelson/plugins");
    const char* home = ::geteuid() == 0 ? nullptr : ::secure_getenv("HOME");
    if (home && *home == '/') found.push_back(cat(home, "/.local/share/keelson/plugins"));
    return found;
}

/// One for each set of directories, as build trees and installations have.
std::string index_of(const std::vector<std::string>& directories) {
    return cat(config::run_directory(), "/keelson/cache/plugins/", base::fnv1a(base::join(directories, ":")));
}

PluginHost make_host() {
    std::vector<std::string> directories = directories_of_user();
    std::string index = index_of(directories);
    return PluginHost(std::move(directories), std::move(index));
}

}  // namespace

PluginHost& PluginHost::instance() {
    static auto& host = *new PluginHost(make_host());  // never destroyed: plugins are never unloaded
    return host;
}

}  // namespace keelson::plugins
