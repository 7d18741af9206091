#include <frontends/cli/json.hpp>
#include <frontends/cli/plugin_manual.hpp>

#include <algorithm>

namespace keelson::cli {
namespace {

std::string padded(std::string text, size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

/// How a container comes to use it.
std::string chosen_by(const plugins::PluginFile& file) {
    if (file.kind == "net") return "lxc.net.N.type = " + file.name;
    if (file.kind == "storage") return cat("lxc.rootfs.path = ", file.name, ":PATH");
    if (file.kind == "template") return cat("keelson create NAME -t ", file.name);
    return cat(file.kind == "cgroup" ? "keelson.cgroup.driver" : "keelson." + file.kind, " = ", file.name);
}

std::string applies(const plugins::PluginFile& file) {
    if (file.applies_to.empty()) return {};
    if (file.kind == "template") return ", or by itself for a template that is a program's path";
    if (file.kind != "storage") return cat(", or by itself where ", file.applies_to, " exists");
    return cat(", or by itself for a path that is a ", file.applies_to);
}

const char* type_name(abi::KeyType type) {
    constexpr const char* names[] = {"text",    "path",       "boolean",  "number",   "integer",    "size",
                                     "choice",  "words",      "signal",   "idmap",    "address4",   "address6",
                                     "gateway", "capability", "variable", "duration", "namespaces", "relative"};
    static_assert(std::size(names) == static_cast<size_t>(abi::KeyType::relative) + 1);
    return names[static_cast<size_t>(type)];
}

std::string key_entry(const plugins::PluginFile& file, const abi::Key& key) {
    std::string facts = *key.choices ? cat("one of ", key.choices) : type_name(key.type);
    if (key.type == abi::KeyType::words && *key.choices) facts = cat("any of ", key.choices);
    if (*key.fallback) facts += cat("; default ", key.fallback);
    if (key.flags & abi::key_list) facts += "; may be given more than once";
    return cat("  ", full_key(file, key), key.flags & abi::key_family ? "*" : "", "\n      ", key.help, " (", facts, ")\n");
}

std::string key_json(const plugins::PluginFile& file, const abi::Key& key) {
    json::Object object;
    object.text("name", full_key(file, key)).text("type", type_name(key.type)).text("default", key.fallback);
    object.text("choices", key.choices).text("help", key.help);
    object.flag("list", key.flags & abi::key_list).flag("family", key.flags & abi::key_family);
    return object.str();
}

std::string broken_json(const Error& error) {
    return json::Object().text("file", error.object()).text("error", error.what()).text("hint", error.hint()).str();
}

std::string interface_of(const plugins::PluginFile& file) { return cat(file.abi_major, ".", file.abi_minor); }

}  // namespace

std::string full_key(const plugins::PluginFile& file, const abi::Key& key) {
    return cat(file.kind == "net" ? "lxc.net.N." : "", key.name);
}

std::string plugin_table(const std::vector<plugins::PluginFile>& files) {
    size_t name = 4, version = 7;
    for (const auto& file : files) {
        name = std::max(name, file.name.size());
        version = std::max(version, file.version.size());
    }
    std::string text = cat(padded("KIND", 9), padded("NAME", name + 1), padded("VERSION", version + 1), "SUMMARY\n");
    for (const auto& file : files)
        text += cat(padded(file.kind, 9), padded(file.name, name + 1), padded(file.version, version + 1), file.summary, "\n");
    return text;
}

std::string plugin_manual(const plugins::PluginFile& file) {
    std::string text = cat(file.kind, " ", file.name, " - ", file.summary, "\n\n");
    text += cat("  chosen by  ", chosen_by(file), applies(file), "\n");
    if (!file.aliases.empty()) text += cat("  also known  as ", file.aliases, "\n");
    text += cat("  version    ", file.version, ", for plugin interface ", interface_of(file), "\n");
    text += cat("  licence    ", file.licence, "\n  file       ", file.path, "\n");
    if (file.keys.empty()) return text + "\nIt has no keys of its own.\n";
    text += "\nKeys:\n";
    for (const auto& key : file.keys) text += key_entry(file, key);
    return text;
}

std::string plugin_json(const plugins::PluginFile& file) {
    std::vector<std::string> keys;
    for (const auto& key : file.keys) keys.push_back(key_json(file, key));
    json::Object object;
    object.text("kind", file.kind).text("name", file.name).text("version", file.version).text("summary", file.summary);
    object.text("licence", file.licence).text("interface", interface_of(file)).text("file", file.path);
    object.number("order", file.order)
        .text("applies_to", file.applies_to)
        .text("aliases", file.aliases)
        .raw("keys", json::array_of(keys));
    return object.str();
}

std::string plugins_json(const std::vector<plugins::PluginFile>& files, const std::vector<Error>& broken) {
    std::vector<std::string> good, bad;
    for (const auto& file : files) good.push_back(plugin_json(file));
    for (const auto& error : broken) bad.push_back(broken_json(error));
    return json::Object().raw("plugins", json::array_of(good)).raw("broken", json::array_of(bad)).str();
}

}  // namespace keelson::cli
