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

}  // namespace

PluginHost& PluginHost::instance() {
    static auto& host = *new PluginHost(directories_of_user());  // never destroyed: plugins are never unloaded
    return host;
}

}  // namespace keelson::plugins
