#include <kernel/network/scripts.hpp>

namespace keelson::network {
namespace {

/// An unset link or peer is no argument at all: that is what existing scripts see.
std::vector<std::string> device_arguments(const HandedLink& link, const std::string& parent) {
    std::vector<std::string> arguments{link.type};
    if (!parent.empty()) arguments.push_back(parent);
    if (!link.host_link.empty()) arguments.push_back(link.host_link);
    return arguments;
}

void add_device_environment(std::vector<std::string>& environment, const HandedLink& link, const std::string& parent,
                            const char* action) {
    environment.push_back(cat("LXC_HOOK_TYPE=", action));
    environment.push_back("LXC_HOOK_SECTION=net");
    environment.push_back(cat("LXC_NET_TYPE=", link.type));
    environment.push_back(link.name_inside.empty() ? std::string("LXC_NET_PARENT") : cat("LXC_NET_PARENT=", parent));
    environment.push_back(link.host_link.empty() ? std::string("LXC_NET_PEER") : cat("LXC_NET_PEER=", link.host_link));
}

}  // namespace

ScriptCall script_call(const config::Config& config, const std::string& container, const HandedLink& link,
                       ScriptAction action) {
    const std::string prefix = cat("lxc.net.", link.index, ".");
    const char* word = action == ScriptAction::up ? "up" : "down";
    ScriptCall call;
    call.command = config.get(cat(prefix, "script.", word));
    const std::string parent = config.get(prefix + "link");
    const bool by_arguments = config.get("lxc.hook.version") != "1";
    if (by_arguments) call.arguments = {container, "net", word};
    for (std::string& argument : device_arguments(link, parent)) call.arguments.push_back(std::move(argument));
    if (!by_arguments) add_device_environment(call.environment, link, parent, word);
    return call;
}

}  // namespace keelson::network
