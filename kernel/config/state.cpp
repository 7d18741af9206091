#include <algorithm>
#include <kernel/base/log.hpp>
#include <kernel/base/near_miss.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/kernel_keys.hpp>
#include <kernel/config/key_lookup.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/config/state.hpp>
#include <kernel/config/values.hpp>

namespace keelson::config {

namespace {

/// Two keys of which a configuration may use one. For capabilities an empty line of either clears both.
struct Exclusive {
    std::string_view one, other;
    bool cleared_together;
};
constexpr Exclusive exclusives[] = {{"lxc.cap.drop", "lxc.cap.keep", true},
                                    {"lxc.namespace.clone", "lxc.namespace.keep", false}};

/// The other key of the pair, else empty.
std::string_view opponent(std::string_view name, bool only_cleared_together) {
    for (const Exclusive& pair : exclusives) {
        if (only_cleared_together && !pair.cleared_together) continue;
        if (name == pair.one) return pair.other;
        if (name == pair.other) return pair.one;
    }
    return {};
}

/// "proc" of "proc:rw"; all kinds of cgroup tokens are one class.
std::string_view auto_mount_class(std::string_view token) {
    return token.starts_with("cgroup") ? token.substr(0, 6) : token.substr(0, token.find(':'));
}

/// A line gives either the seconds or the nanoseconds of an offset; the other part of an earlier line stays.
std::string combine_durations(const std::string& earlier, const std::string& later) {
    constexpr int64_t billion = 1'000'000'000;
    const Duration before = parse_duration(earlier).value_or(Duration{}), now = parse_duration(later).value_or(Duration{});
    int64_t seconds = before.seconds.value_or(before.nanoseconds.value_or(0) / billion);
    int64_t rest = before.nanoseconds.value_or(0) % billion;
    if (now.seconds) seconds = *now.seconds;
    if (now.nanoseconds) rest = *now.nanoseconds;
    if (rest == 0) return cat(seconds, 's');
    int64_t total = 0;
    const bool overflow = __builtin_mul_overflow(seconds, billion, &total) || __builtin_add_overflow(total, rest, &total);
    return overflow ? later : cat(total, "ns");
}

}  // namespace

bool is_neutral(std::string_view name, std::string_view value, KeySource& plugins) {
    if (!name.starts_with("lxc.")) return false;
    const std::string_view word = name.substr(4, name.find('.', 4) - 4);
    if (word.size() + 4 >= name.size() || is_kernel_word(word) || !is_plugin_name(word) ||
        plugins.keys_of("lsm", word) != nullptr)
        return false;
    const bool asks_nothing = value.empty() || value == "0" || value == "none" || value.starts_with("unconfined");
    return asks_nothing && base::near_miss(word, plugins.names("lsm")).empty() && suggest_key(name, plugins).empty();
}

const std::vector<std::string>& Config::State::apply(std::string_view given, std::string_view value, const Origin& origin) {
    const std::string name = canonical_key(given);
    values_.clear();
    if (value.empty()) {
        clear(name, origin);
        return values_;
    }
    const std::string type = device_type(name);
    const abi::Key* const key = find_declaration(name, type, plugins).key;
    if (key == nullptr) {
        if (!is_neutral(name, value, plugins)) refuse_unknown(name, type, plugins);
        base::log_warn(cat(name, " = ", value, ": kept, but there is no plugin that it would mean anything to"));
        values_.emplace_back(value);
        store(nullptr, name, values_.front(), origin);
        return values_;
    }
    if (has_flag(*key, abi::key_action))
        throw Error(0, name, "expected an empty value for",
                    "it forgets what was said so far; to say something, use the keys below it");
    normalise(*key, name, value, plugins, values_);
    check_exclusive(name);
    if (!type.empty() || device_key(name)) begin_device(name, origin);
    for (const std::string& one : values_) store(key, name, one, origin);
    return values_;
}

void Config::State::expect(size_t bytes) {
    constexpr size_t usual_line = 32;
    entries.reserve(entries.size() + bytes / usual_line + 1);
}

const Entry* Config::State::find(std::string_view key) const {
    const auto found = std::find_if(entries.rbegin(), entries.rend(), [&](const Entry& entry) { return entry.key == key; });
    return found == entries.rend() ? nullptr : &*found;
}

std::string Config::State::device_type(std::string_view name) const {
    const auto device = device_key(name);
    if (!device) return {};
    const Entry* const type = find(device->prefix() + "type");
    return type != nullptr ? type->value : kernel_key("lxc.net.N.type")->fallback;
}

bool Config::State::has_device(std::string_view prefix) const {
    return std::ranges::any_of(entries, [&](const Entry& entry) { return entry.key.starts_with(prefix); });
}

void Config::State::erase(std::string_view key) {
    std::erase_if(entries, [&](const Entry& entry) { return entry.key == key; });
}

void Config::State::erase_prefix(std::string_view prefix) {
    std::erase_if(entries, [&](const Entry& entry) { return entry.key.starts_with(prefix); });
}

void Config::State::clear(const std::string& name, const Origin& origin) {
    if (clear_group(name)) return;
    // Of a device that is not there, every key of any type is clear already.
    const auto device = device_key(name);
    const bool nothing_there = device && !has_device(device->prefix());
    const std::string type = nothing_there ? std::string() : device_type(name);
    const abi::Key* const key = find_declaration(name, type, plugins).key;
    if (nothing_there && key != nullptr) return;
    if (key != nullptr) return clear_declared(name, *key, origin);
    if (!is_neutral(name, {}, plugins)) refuse_unknown(name, type, plugins);
    erase(name);
}

/// Names that stand for several keys.
bool Config::State::clear_group(const std::string& name) {
    if (name == "lxc.net") {
        erase_prefix("lxc.net.");
    } else if (const auto device = device_key(name); device && device->rest.empty()) {
        erase_prefix(device->prefix());
    } else if (name == "lxc.hook") {
        std::erase_if(entries, [](const Entry& entry) {
            return entry.key.starts_with("lxc.hook.") && has_flag(*entry.declared, abi::key_list);
        });
    } else if (const abi::Key* const family = find_family(name)) {
        std::erase_if(entries, [&](const Entry& entry) { return entry.declared == family; });
    } else {
        return false;
    }
    return true;
}

void Config::State::clear_declared(const std::string& name, const abi::Key& key, const Origin& origin) {
    if (has_flag(key, key_not_empty)) throw Error(0, name, cat("expected ", expectation(key), ", not an empty value, for"));
    if (is_type(key, own::network_type)) {
        erase_prefix(device_key(name)->prefix());
        return store(&key, name, key.fallback, origin);
    }
    if (has_flag(key, key_empty_is_zero)) return store(&key, name, "0", origin);
    erase(name);
    const std::string_view other = opponent(name, true);
    if (!other.empty()) erase(other);
}

void Config::State::check_exclusive(const std::string& name) const {
    const std::string_view other = opponent(name, false);
    if (!other.empty() && find(other) != nullptr)
        throw Error(0, name, cat(other, " is set, which excludes"),
                    cat("write \"", other, " =\" above it to forget what was said so far"));
}

/// The first mention of a device makes it, and its type forgets what was said of it.
void Config::State::begin_device(const std::string& name, const Origin& origin) {
    const std::string prefix = device_key(name)->prefix();
    const std::string type = prefix + "type";
    if (name == type) return erase_prefix(prefix);
    const abi::Key* const key = kernel_key("lxc.net.N.type");
    if (!has_device(prefix)) entries.push_back({type, key->fallback, origin, key});
}

/// Takes away what the new value replaces.
void Config::State::make_room(const abi::Key& key, const std::string& name, const std::string& value) {
    if (is_type(key, own::auto_mounts)) {
        std::erase_if(entries, [&](const Entry& entry) {
            return entry.key == name && auto_mount_class(entry.value) == auto_mount_class(value);
        });
    } else if (key.type == abi::KeyType::namespaces) {
        std::erase_if(entries, [&](const Entry& entry) { return entry.key == name && entry.value == value; });
    } else if (key.type == abi::KeyType::capability) {
        std::erase_if(entries,
                      [&](const Entry& entry) { return entry.key == name && (value == "none" || entry.value == "none"); });
    }
}

void Config::State::store(const abi::Key* key, const std::string& name, const std::string& value, const Origin& origin) {
    const bool list = key != nullptr && has_flag(*key, abi::key_list);
    if (list) make_room(*key, name, value);
    const auto there = std::ranges::find(entries, name, &Entry::key);
    if (list || there == entries.end()) {
        entries.push_back({name, value, origin, key});
    } else {
        const bool is_duration = key != nullptr && key->type == abi::KeyType::duration;
        *there = {name, is_duration ? combine_durations(there->value, value) : value, origin, key};
    }
}

}  // namespace keelson::config
