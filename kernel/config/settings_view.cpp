#include <algorithm>
#include <kernel/config/config.hpp>
#include <kernel/config/global.hpp>
#include <kernel/config/key_lookup.hpp>

namespace keelson::config {

namespace {

abi::StringView view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

SettingsView::SettingsView(const Config& config, std::string prefix) : config_(config), prefix_(std::move(prefix)) {}

uint64_t SettingsView::count(abi::StringView key) const noexcept try {
    const std::string name = full_name(key);
    const bool family = name.ends_with('.');
    return static_cast<uint64_t>(std::ranges::count_if(
        config_.entries(), [&](const Entry& entry) { return family ? entry.key.starts_with(name) : entry.key == name; }));
} catch (...) {
    return 0;  // out of memory; the interface has no other word
}

abi::StringView SettingsView::value(abi::StringView key, uint64_t index) const noexcept try {
    const std::string name = full_name(key);
    if (name.ends_with('.')) return member(name, index);
    for (const Entry& entry : config_.entries()) {
        if (entry.key == name && index-- == 0) return view(entry.value);
    }
    // what lxc.conf says for all containers, such as lxc.cgroup.pattern
    if (std::ranges::find(global_items(), name) != global_items().end()) return keep(global(name));
    const auto device = device_key(name);
    const std::string type = device ? config_.get_or_default(device->prefix() + "type") : std::string();
    const abi::Key* const declared = find_declaration(name, type, config_.plugins()).key;
    return declared != nullptr ? view(declared->fallback) : view("");
} catch (...) {
    return view("");
}

/// "SUB-KEY=VALUE".
abi::StringView SettingsView::member(const std::string& family, uint64_t index) const {
    for (const Entry& entry : config_.entries()) {
        if (!entry.key.starts_with(family) || index-- != 0) continue;
        return keep(cat(entry.key.substr(family.size()), '=', entry.value));
    }
    return view("");
}

abi::StringView SettingsView::keep(std::string text) const {
    const auto known = std::ranges::find(kept_, text);
    return view(known != kept_.end() ? *known : kept_.emplace_back(std::move(text)));
}

std::string SettingsView::full_name(abi::StringView key) const {
    const std::string_view name(key.data, key.size);
    const bool in_full = name.starts_with("lxc.") || name.starts_with("keelson.");
    return in_full ? std::string(name) : cat(prefix_, name);
}

}  // namespace keelson::config
