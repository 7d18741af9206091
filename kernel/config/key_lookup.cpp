#include <algorithm>
#include <charconv>
#include <kernel/base/near_miss.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/kernel_keys.hpp>
#include <kernel/config/key_lookup.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/config/values.hpp>

namespace keelson::config {

namespace {

constexpr std::string_view device_stem = "lxc.net.";
constexpr std::string_view any_device = "lxc.net.N.";

std::string_view first_word(std::string_view text) { return text.substr(0, text.find('.')); }

/// The key of this name, or the family that it belongs to.
const abi::Key* find_in(const std::vector<abi::Key>* keys, std::string_view name) {
    if (keys == nullptr) return nullptr;
    for (const abi::Key& key : *keys) {
        const std::string_view own = key.name;
        const bool in_family = has_flag(key, abi::key_family) && name.starts_with(own) && name.size() > own.size();
        if (name == own || in_family) return &key;
    }
    return nullptr;
}

Declaration of_plugin(std::string_view kind, std::string_view plugin, std::string_view name, KeySource& plugins) {
    if (!is_plugin_name(plugin)) return {};
    const abi::Key* const key = find_in(plugins.keys_of(kind, plugin), name);
    return key == nullptr ? Declaration{} : Declaration{key, kind, plugin};
}

Declaration find_device_key(const DeviceKey& device, std::string_view device_type, KeySource& plugins) {
    if (const abi::Key* const key = kernel_key(cat(any_device, device.rest))) return {key, {}, {}};
    return of_plugin("net", device_type.empty() ? first_word(device.rest) : device_type, device.rest, plugins);
}

/// The sub-keys that a family has, if it does not take any.
bool is_allowed_sub_key(const abi::Key& key, std::string_view name) {
    const std::string_view family = key.name;
    if (!has_flag(key, abi::key_family) || key.choices[0] == '\0' || name.size() <= family.size()) return true;
    return std::ranges::count(base::split(key.choices, ' '), name.substr(family.size())) != 0;
}

void add_names(const std::vector<abi::Key>* keys, std::vector<std::string>& names) {
    if (keys == nullptr) return;
    for (const abi::Key& key : *keys) names.emplace_back(key.name);
}

/// What follows lxc.net.N. in the keys of devices.
std::vector<std::string> device_keys(KeySource& plugins) {
    std::vector<std::string> names;
    for (const abi::Key& key : kernel_keys()) {
        const std::string_view name = key.name;
        if (name.starts_with(any_device)) names.emplace_back(name.substr(any_device.size()));
    }
    for (const std::string& plugin : plugins.names("net")) add_names(plugins.keys_of("net", plugin), names);
    return names;
}

/// With the family's own part in place of as many words of `name`: the sub-key is the person's.
std::string with_family(std::string_view family, std::string_view name) {
    size_t after = 0;
    for (auto dots = std::ranges::count(family, '.'); dots > 0 && after != std::string_view::npos; --dots) {
        const size_t dot = name.find('.', after);
        after = dot == std::string_view::npos ? dot : dot + 1;
    }
    return after == std::string_view::npos ? std::string(family) : cat(family, name.substr(after));
}

std::vector<std::string> other_keys(std::string_view wrong, KeySource& plugins) {
    std::vector<std::string> names;
    for (const abi::Key& key : kernel_keys()) {
        names.push_back(has_flag(key, abi::key_family) ? with_family(key.name, wrong) : key.name);
    }
    for (const std::string& plugin : plugins.names("lsm")) add_names(plugins.keys_of("lsm", plugin), names);
    return names;
}

[[noreturn]] void refuse_device_key(std::string_view name, const DeviceKey& device, std::string_view device_type,
                                    KeySource& plugins) {
    const std::string_view word = first_word(device.rest);
    const bool is_type = is_plugin_name(word) && word != device_type && plugins.keys_of("net", word) != nullptr;
    if (is_type)
        throw Error(0, std::string(name), cat("a device of type ", device_type, " has no key"),
                    cat("write ", device.prefix(), "type = ", word, " above it"));
    const std::string meant = suggest_key(name, plugins);
    const bool of_missing = word.size() < device.rest.size() && word != device_type && meant.empty();
    throw Error(0, std::string(name), of_missing ? cat("no network plugin ", word, " is installed for the key") : "unknown key",
                meant.empty() ? "" : cat("did you mean ", meant, "?"));
}

}  // namespace

std::optional<DeviceKey> device_key(std::string_view name) noexcept {
    if (!name.starts_with(device_stem)) return {};
    const char* const begin = name.data() + device_stem.size();
    const char* const end = name.data() + name.size();
    DeviceKey key;
    const auto [after, error] = std::from_chars(begin, end, key.index, 10);
    if (error != std::errc()) return {};
    if (after == end) return key;
    if (*after != '.' || after + 1 == end) return {};
    key.rest = std::string_view(after + 1, static_cast<size_t>(end - after - 1));
    return key;
}

std::string canonical_key(std::string_view name) {
    const auto device = device_key(name);
    if (!device) return std::string(name);
    return device->rest.empty() ? cat(device_stem, device->index) : device->prefix() + std::string(device->rest);
}

bool is_kernel_word(std::string_view word) noexcept {
    const std::string stem = cat("lxc.", word);
    return kernel_key(stem) != nullptr || has_keys_below(cat(stem, '.'));
}

Declaration find_declaration(std::string_view name, std::string_view device_type, KeySource& plugins) {
    constexpr size_t longest_sub_key = 256;
    if (name.starts_with(device_stem)) {
        const auto device = device_key(name);
        return device && !device->rest.empty() ? find_device_key(*device, device_type, plugins) : Declaration{};
    }
    if (const abi::Key* const key = kernel_key(name)) {
        const bool too_long =
            has_flag(*key, abi::key_family) && name.size() - std::string_view(key->name).size() > longest_sub_key;
        return {too_long || !is_allowed_sub_key(*key, name) ? nullptr : key, {}, {}};
    }
    if (name.starts_with("lxc.")) {
        const std::string_view word = first_word(name.substr(4));
        return is_kernel_word(word) ? Declaration{} : of_plugin("lsm", word, name, plugins);
    }
    if (!name.starts_with("keelson.")) return {};
    const std::string_view rest = name.substr(8);
    const std::string_view kind = first_word(rest);
    if (kind.size() == rest.size() || !is_plugin_name(kind)) return {};
    return of_plugin(kind, first_word(rest.substr(kind.size() + 1)), name, plugins);
}

std::string suggest_key(std::string_view name, KeySource& plugins) {
    const auto device = device_key(name);
    if (!device || device->rest.empty()) return base::near_miss(name, other_keys(name, plugins));
    const std::string meant = base::near_miss(device->rest, device_keys(plugins));
    return meant.empty() ? meant : device->prefix() + meant;
}

void refuse_unknown(std::string_view name, std::string_view device_type, KeySource& plugins) {
    const auto device = device_key(name);
    if (device && !device->rest.empty()) refuse_device_key(name, *device, device_type, plugins);
    const std::string meant = suggest_key(name, plugins);
    if (!meant.empty()) throw Error(0, std::string(name), "unknown key", cat("did you mean ", meant, "?"));
    const std::string_view word = name.starts_with("lxc.") ? first_word(name.substr(4)) : std::string_view();
    const bool of_missing =
        !word.empty() && word.size() + 4 < name.size() && !is_kernel_word(word) && plugins.keys_of("lsm", word) == nullptr;
    if (of_missing)
        throw Error(0, std::string(name), cat("no security plugin ", word, " is installed for the key"),
                    "install the plugin, or remove the line; keelson config lint looks at the whole file");
    throw Error(0, std::string(name), "unknown key",
                "keelson config doc lists the keys; those from before LXC 2.1 are converted by lxc-update-config -c FILE");
}

Lookup find_key(std::string_view name, KeySource& plugins) {
    Lookup found;
    const Declaration declaration = find_declaration(name, {}, plugins);
    found.key = declaration.key;
    if (declaration.key == nullptr)
        found.suggestion = suggest_key(name, plugins);
    else
        found.owner = declaration.plugin.empty() ? "kernel" : cat(declaration.kind, ' ', declaration.plugin);
    return found;
}

}  // namespace keelson::config
