#include <frontends/cli/config_doc.hpp>
#include <frontends/cli/json.hpp>
#include <kernel/config/kernel_keys.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/plugins/plugin_host.hpp>

#include <algorithm>
#include <cstdio>

namespace keelson::cli {

namespace {

/// Is the key of a line as a person writes it this one: with a number for N, with a sub-key?
bool is_key(const DocumentedKey& key, const std::string& wanted) {
    plugins::PluginHost& host = plugins::PluginHost::instance();
    const config::Lookup found = config::find_key(wanted, host);
    return found.key != nullptr && found.owner == key.owner && std::string_view(found.key->name) == key.key.name;
}

bool is_wanted(const DocumentedKey& key, const std::string& word) {
    if (key.name == word || key.owner == word || key.owner.ends_with(' ' + word)) return true;
    if (word.ends_with('.') && key.name.starts_with(word)) return true;
    return (word.starts_with("lxc.") || word.starts_with("keelson.")) && is_key(key, word);
}

std::string kind_of(const abi::Key& key) {
    if (config::has_flag(key, abi::key_action)) return "action";
    if (config::has_flag(key, abi::key_family)) return "family";
    return config::has_flag(key, abi::key_list) ? "list" : "value";
}

void print_text(const DocumentedKey& documented) {
    const char* const family = config::has_flag(documented.key, abi::key_family) ? "NAME" : "";
    std::printf("%s%s\n    %s\n    %s", documented.name.c_str(), family, documented.key.help,
                facts_of(documented, config::default_of(documented.key)).c_str());
    std::printf(documented.owner == "kernel" ? "\n\n" : "; plugin %s\n\n", documented.owner.c_str());
}

std::string as_object(const DocumentedKey& documented) {
    const abi::Key& key = documented.key;
    return json::Object()
        .text("key", documented.name)
        .text("owner", documented.owner)
        .text("kind", kind_of(key))
        .text("takes", config::expectation(key))
        .text("default", config::default_of(key))
        .text("help", key.help)
        .str();
}

}  // namespace

std::vector<DocumentedKey> documented_keys() {
    std::vector<DocumentedKey> keys;
    for (const abi::Key& key : config::kernel_keys()) keys.push_back({key.name, "kernel", key});
    for (const plugins::PluginFile& plugin : plugins::PluginHost::instance().list()) {
        const char* const prefix = plugin.kind == "net" ? "lxc.net.N." : "";
        for (const abi::Key& key : plugin.keys)
            keys.push_back({cat(prefix, key.name), cat(plugin.kind, ' ', plugin.name), key});
    }
    std::ranges::stable_sort(keys, {}, &DocumentedKey::name);
    return keys;
}

std::string facts_of(const DocumentedKey& documented, std::string_view fallback) {
    const abi::Key& key = documented.key;
    return cat("takes ", config::expectation(key), config::has_flag(key, abi::key_list) ? "; each line adds" : "",
               fallback.empty() ? "" : "; default ", fallback);
}

int run_config_doc(const std::vector<std::string>& wanted, bool as_json) {
    const std::vector<DocumentedKey> keys = documented_keys();
    for (const std::string& word : wanted) {
        const bool known = std::ranges::any_of(keys, [&](const DocumentedKey& key) { return is_wanted(key, word); });
        if (known) continue;
        const std::string meant = config::find_key(word, plugins::PluginHost::instance()).suggestion;
        throw Error(0, word, "no key and no plugin with keys is called", meant.empty() ? "" : cat("did you mean ", meant, "?"));
    }
    std::vector<std::string> objects;
    for (const DocumentedKey& key : keys) {
        const bool shown =
            wanted.empty() || std::ranges::any_of(wanted, [&](const std::string& word) { return is_wanted(key, word); });
        if (!shown) continue;
        if (as_json)
            objects.push_back(as_object(key));
        else
            print_text(key);
    }
    if (as_json) std::printf("%s\n", json::array_of(objects).c_str());
    return 0;
}

}  // namespace keelson::cli
