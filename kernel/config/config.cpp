#include <signal.h>

#include <algorithm>
#include <functional>
#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/kernel_keys.hpp>
#include <kernel/config/key_lookup.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/config/loader.hpp>
#include <kernel/config/state.hpp>
#include <kernel/config/values.hpp>

namespace keelson::config {

namespace {

void check_one_line(std::string_view key, std::string_view value) {
    constexpr std::string_view forbidden("\0\r\n", 3);
    if (value.find_first_of(forbidden) != std::string_view::npos || key.find_first_of(forbidden) != std::string_view::npos)
        throw Error(EINVAL, std::string(key.substr(0, key.find_first_of(forbidden))),
                    "a line break or NUL byte in the value for");
    if (key != base::trim(key) || key.find('=') != std::string_view::npos)
        throw Error(EINVAL, std::string(key), "a blank or '=' in the key");
}

/// Is `key` what `name` stands for: itself, a device's keys, all hooks, the members of a family?
bool belongs_to(std::string_view key, const std::string& name) {
    if (key == name) return true;
    if (!key.starts_with(name + ".")) return false;
    const auto device = device_key(name);
    if (name == "lxc.net" || (device && device->rest.empty())) return true;
    const abi::Key* const declared = kernel_key(key);
    if (name == "lxc.hook") return declared != nullptr && has_flag(*declared, abi::key_list);
    return declared != nullptr && declared == find_family(name);
}

/// What the line of a key can be in the way of: that key, and for a network device all of it.
std::vector<Entry> concerned(const std::vector<Entry>& entries, std::string_view key) {
    const auto device = device_key(key);
    std::vector<Entry> found;
    std::ranges::copy_if(entries, std::back_inserter(found), [&](const Entry& entry) {
        return device ? entry.key.starts_with(device->prefix()) : entry.key == key;
    });
    return found;
}

bool same_values(const std::vector<Entry>& some, const std::vector<Entry>& others) {
    return std::ranges::is_permutation(
        some, others, [](const Entry& one, const Entry& other) { return one.key == other.key && one.value == other.value; });
}

/// The text as it would be read again; no value if it would not.
std::optional<Config> reread(const std::string& text, KeySource& plugins) {
    Config copy(plugins);
    try {
        copy.load_text(text, "text");
    } catch (const Error&) {
        return {};
    }
    return copy;
}

}  // namespace

Config::Config(KeySource& plugins) : state_(std::make_shared<State>(plugins)) {}

void Config::load(const std::string& path) {
    if (state_->path.empty()) state_->path = path;
    Loader(*state_).load_file(path);
}

void Config::load_if_there(const std::string& path) {
    const std::string before = state_->path;
    if (before.empty()) state_->path = path;
    if (!Loader(*state_).load_file_if_there(path)) state_->path = before;
}

void Config::load_text(std::string_view text, const std::string& name) { Loader(*state_).load_text(text, name); }

void Config::set(std::string_view key, std::string_view value) {
    check_one_line(key, value);
    if (value.empty()) return unset(key);
    const std::string name = canonical_key(key);
    const std::vector<Entry> before = state_->entries;
    try {
        const Entry* const there = state_->find(name);
        const bool is_duration =
            there != nullptr && there->declared != nullptr && there->declared->type == abi::KeyType::duration;
        if (is_duration) state_->erase(name);
        const std::vector<std::string> values = state_->apply(name, value, {state_->path, 0});
        write_to_text(name, name.ends_with(".hwaddr") ? values.front() : std::string(value));
    } catch (...) {
        state_->entries = before;
        throw;
    }
}

/// Puts the new value where the old one stood, if it is in effect there when read again; else at the end, where it always is.
void Config::write_to_text(const std::string& name, const std::string& value) {
    const Entry* const entry = state_->find(name);
    const bool list = entry != nullptr && entry->declared != nullptr && has_flag(*entry->declared, abi::key_list);
    if (list) return state_->text.add(name, value);
    ConfigText changed = state_->text;
    const auto device = device_key(name);
    if (device && device->rest == "type") {
        changed.remove([&](std::string_view key) { return key != name && key.starts_with(device->prefix()); });
    }
    const bool in_place = changed.replace(name, value);
    const std::optional<Config> again = in_place ? reread(changed.str(), state_->plugins) : std::nullopt;
    if (!again || !same_values(concerned(again->entries(), name), concerned(state_->entries, name))) {
        changed.remove([&](std::string_view key) { return key == name; });
        changed.add(name, value);
    }
    state_->text = std::move(changed);
}

void Config::override(std::string_view key, std::string_view value) {
    check_one_line(key, value);
    if (key != "lxc.include") {
        state_->apply(key, value, {"command line", 0});
        return;
    }
    const ConfigText text = state_->text;
    Loader(*state_).load_text(cat("lxc.include = ", quoted(value)), "command line");
    state_->text = text;
}

void Config::unset(std::string_view key) {
    check_one_line(key, {});
    const std::string name = canonical_key(key);
    const auto device = device_key(name);
    // The type is what makes a device.
    if (device && device->rest == "type") return unset(cat("lxc.net.", device->index));
    const auto goes = [&](std::string_view other) { return belongs_to(other, name); };
    ConfigText changed = state_->text;
    changed.remove(goes);
    const std::optional<Config> again = reread(changed.str(), state_->plugins);
    const bool comes_back = again && std::ranges::any_of(again->entries(), goes, &Entry::key);
    const Entry* const there = state_->find(name);
    const abi::Key* const declared = there != nullptr ? there->declared : nullptr;
    const bool has_neutral = declared == nullptr || !has_flag(*declared, key_not_empty);
    const bool has_default = declared != nullptr && has_flag(*declared, key_empty_is_zero);
    if (comes_back && !has_neutral)
        throw Error(0, name, "an included file sets what cannot be cleared,", "set another value instead");
    if (has_neutral && !has_default)
        state_->apply(name, {}, {state_->path, 0});
    else
        state_->erase(name);
    if (comes_back) {
        const std::string_view plain = has_default ? declared->fallback : "";
        state_->apply(name, plain, {state_->path, 0});
        changed.add(name, plain);
    }
    if (device && again && !again->state_->has_device(device->prefix())) state_->erase_prefix(device->prefix());
    state_->text = std::move(changed);
}

bool Config::is_set(std::string_view key) const { return state_->find(canonical_key(key)) != nullptr; }

std::string Config::get(std::string_view key) const {
    const Entry* const entry = state_->find(canonical_key(key));
    return entry != nullptr ? entry->value : std::string();
}

std::string Config::get_or_default(std::string_view key) const {
    const std::string name = canonical_key(key);
    if (const Entry* const entry = state_->find(name)) return entry->value;
    const abi::Key* const declared = find_declaration(name, state_->device_type(name), state_->plugins).key;
    return declared != nullptr ? default_of(*declared) : std::string();
}

std::vector<std::string> Config::list(std::string_view key) const {
    const std::string name = canonical_key(key);
    std::vector<std::string> values;
    for (const Entry& entry : state_->entries) {
        if (entry.key == name) values.push_back(entry.value);
    }
    return values;
}

std::vector<Entry> Config::family(std::string_view prefix) const {
    const abi::Key* const declared = prefix.ends_with('.') ? find_family(prefix.substr(0, prefix.size() - 1)) : nullptr;
    std::vector<Entry> found;
    std::ranges::copy_if(state_->entries, std::back_inserter(found), [&](const Entry& entry) {
        return entry.key.starts_with(prefix) && (declared == nullptr || entry.declared == declared);
    });
    return found;
}

const std::vector<Entry>& Config::entries() const { return state_->entries; }

uint64_t Config::number(std::string_view key) const { return base::parse_unsigned(get_or_default(key)).value_or(0); }

int64_t Config::integer(std::string_view key) const { return base::parse_signed(get_or_default(key)).value_or(0); }

bool Config::flag(std::string_view key) const { return get_or_default(key) == "1"; }

uint64_t Config::size(std::string_view key) const { return number(key); }

int Config::signal(std::string_view key, int fallback) const {
    const int signal = parse_signal(get_or_default(key)).value_or(0);
    return signal > 0 && signal <= SIGRTMAX ? signal : fallback;
}

std::vector<unsigned> Config::network_devices() const {
    std::vector<unsigned> indices;
    for (const Entry& entry : state_->entries) {
        if (const auto device = device_key(entry.key)) indices.push_back(device->index);
    }
    std::ranges::sort(indices);
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    return indices;
}

const std::string& Config::path() const { return state_->path; }

void Config::set_path(std::string path) { state_->path = std::move(path); }

std::string Config::text() const { return state_->text.str(); }

std::string Config::effective_text() const {
    ConfigText text;
    for (const Entry& entry : entries()) text.add(entry.key, entry.value);
    return text.str();
}

void Config::save(const std::string& path) const { base::replace_file(path, state_->text.str(), 0660); }

void Config::clear() {
    state_->entries.clear();
    state_->text.clear();
    state_->path.clear();
}

KeySource& Config::plugins() const { return state_->plugins; }

}  // namespace keelson::config
