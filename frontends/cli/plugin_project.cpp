#include <fcntl.h>
#include <frontends/cli/plugin_project.hpp>
#include <kernel/base/file.hpp>
#include <kernel/config/global.hpp>
#include <kernel/plugins/plugin_host.hpp>

#include <map>

namespace keelson::cli {
namespace {

using Words = std::map<std::string, std::string>;

/// "my-tunnel" becomes "MyTunnelPlugin", so that no name is one of the SDK's, such as Network or Context.
std::string class_name(const std::string& name) {
    std::string text;
    bool upper = true;
    for (char c : name) {
        if (c == '-' || c == '_')
            upper = true;
        else
            text += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        if (c != '-' && c != '_') upper = false;
    }
    const bool digit = text.front() >= '0' && text.front() <= '9';
    return digit ? "Plugin" + text : text + "Plugin";
}

/// The line of the README that says how a container uses the plugin, and the header that documents its kind.
struct KindFacts {
    const char* header;
    const char* usage;
};

const std::map<std::string, KindFacts>& facts() {
    static const std::map<std::string, KindFacts> all = {
        {"net", {"network.hpp", "A container uses it with `lxc.net.0.type = @name@`."}},
        {"storage", {"storage.hpp", "A container uses it with `lxc.rootfs.path = @name@:PATH`."}},
        {"lsm", {"security_module.hpp", "A container uses it with `keelson.lsm = @name@`."}},
        {"cgroup", {"cgroup_driver.hpp", "A container uses it with `keelson.cgroup.driver = @name@`."}},
        {"template", {"template.hpp", "A container is made with `keelson create NAME -t @name@`."}},
        {"hook", {"stage_hook.hpp", "A container uses it with `keelson.hook = @name@`."}},
    };
    return all;
}

std::string filled(std::string text, const Words& words) {
    for (const auto& [word, value] : words)
        for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += value.size())
            text.replace(at, word.size(), value);
    return text;
}

void check(const std::string& kind, const std::string& name) {
    if (!plugins::is_kind(kind))
        throw Error(0, kind, "unknown kind of plugin", "kinds are net, storage, lsm, cgroup, template, hook");
    if (!plugins::is_plugin_name(name))
        throw Error(0, name, "a plugin cannot be called", "a name is a letter or digit, then letters, digits, '-' and '_'");
}

}  // namespace

std::vector<std::string> write_plugin_project(const std::string& folder, const std::string& kind, const std::string& name) {
    check(kind, name);
    const KindFacts& about = facts().at(kind);
    const Words words = {{"@name@", name},
                         {"@kind@", kind},
                         {"@Class@", class_name(name)},
                         {"@header@", about.header},
                         {"@prefix@", config::installation_prefix()}};
    const std::string from = config::installation_prefix() + "/share/keelson/new/";
    const std::vector<std::pair<std::string, std::string>> files = {{"CMakeLists.txt", "CMakeLists.txt"},
                                                                    {kind + ".cpp", name + ".cpp"},
                                                                    {"README.md", "README.md"},
                                                                    {"clang-format", ".clang-format"}};
    std::vector<std::pair<std::string, std::string>> contents;
    for (const auto& [source, target] : files) {
        if (base::exists(folder + "/" + target))
            throw Error(EEXIST, target, "will not overwrite", "call it in an empty directory");
        contents.emplace_back(target, filled(filled(base::read_file(from + source), {{"@usage@", about.usage}}), words));
    }
    std::vector<std::string> written;
    for (const auto& [target, text] : contents) {
        const UniqueFd file = base::open_file(folder + "/" + target, O_WRONLY | O_CREAT | O_EXCL, 0644);
        base::write_fd(file.get(), text, target);
        written.push_back(target);
    }
    return written;
}

}  // namespace keelson::cli
