// Reading items back, in the forms of lxc-info -c and of the API's get_config_item.
#include <algorithm>
#include <array>
#include <kernel/base/text.hpp>
#include <kernel/config/kernel_keys.hpp>
#include <kernel/config/key_lookup.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/config/state.hpp>
#include <kernel/config/values.hpp>

namespace keelson::config {

namespace {

using Values = std::vector<std::string>;

/// What LXC says of some keys that are not set.
constexpr const char* unset_text = "(null)";

std::string each_on_a_line(const Values& values) {
    std::string text;
    for (const std::string& value : values) text += value + '\n';
    return text;
}

/// In the order of `order`, whatever the order of the lines was.
Values sorted_by(Values values, std::span<const std::string_view> order) {
    const auto place = [&](const std::string& value) {
        return std::ranges::find_if(order, [&](std::string_view word) { return value.starts_with(word); }) - order.begin();
    };
    std::ranges::stable_sort(values, {}, place);
    return values;
}

std::string without_broadcasts(const Values& values) {
    Values addresses;
    for (const std::string& value : values) addresses.push_back(value.substr(0, value.find(' ')));
    return base::join(addresses, "\n");
}

bool is_32_bit(std::string_view architecture) {
    constexpr std::array<std::string_view, 16> names = {"arm",  "armel",   "armhf", "armv7l",  "athlon", "i386",
                                                        "i486", "i586",    "i686",  "linux32", "mips",   "mipsel",
                                                        "ppc",  "powerpc", "x32",   "x86"};
    return std::ranges::find(names, architecture) != names.end();
}

std::string unset_value(const abi::Key& key) {
    switch (static_cast<uint32_t>(key.type)) {
        using enum abi::KeyType;
        case uint32_t(boolean):
        case uint32_t(number):
        case uint32_t(integer):
        case uint32_t(choice):
        case own::console_size:
        case own::installed_path:
            return default_of(key);
        case uint32_t(signal):
            return key.fallback[0] != '\0' ? key.fallback : "0";
        case uint32_t(duration):
            return "0ns";
        case own::tmpfs_size:
            return "0";
        case own::log_level:
            return "NOTSET";
        case own::component:
        case uint32_t(relative):
            return std::string_view(key.name).starts_with("lxc.cgroup.dir") ? unset_text : "";
        default:
            return "";
    }
}

std::string print_list(const abi::Key& key, const Values& values) {
    constexpr std::array<std::string_view, 8> namespace_order = {"user", "mnt", "pid", "uts", "ipc", "net", "cgroup", "time"};
    constexpr std::array<std::string_view, 4> mount_order = {"proc", "sys", "cgroup", "shmounts"};
    switch (static_cast<uint32_t>(key.type)) {
        using enum abi::KeyType;
        case own::auto_mounts:
            return base::join(sorted_by(values, mount_order), " ");
        case own::group_ids:
            return base::join(values, ",");
        case uint32_t(namespaces):
            return each_on_a_line(sorted_by(values, namespace_order));
        case uint32_t(capability):
            return values == Values{"none"} ? "" : each_on_a_line(values);
        case uint32_t(idmap):
        case uint32_t(address6):
            return base::join(values, "\n");
        case uint32_t(address4):
            return without_broadcasts(values);
        default:
            return each_on_a_line(values);
    }
}

std::string print_family(const abi::Key& key, const std::vector<Entry>& entries) {
    std::string text;
    for (const Entry& entry : entries) {
        if (entry.declared == &key) text += cat(entry.key, " = ", entry.value, '\n');
    }
    return text;
}

/// One member of a family: of cgroups each value is a line, of the others they stand together.
std::string print_member(const abi::Key& key, const Values& values) {
    if (values.empty() && std::string_view(key.name) == "lxc.namespace.share.") return unset_text;
    return std::string_view(key.name).starts_with("lxc.cgroup") ? each_on_a_line(values) : base::join(values, "");
}

}  // namespace

std::string Config::printed(std::string_view given) const {
    const std::string name = canonical_key(given);
    if (name == "lxc.net") {
        Values types;
        for (const unsigned index : network_devices()) types.push_back(get(cat("lxc.net.", index, ".type")));
        return each_on_a_line(types);
    }
    if (const abi::Key* const family = find_family(name)) return print_family(*family, entries());
    const auto device = device_key(name);
    if (device && !state_->has_device(device->prefix())) throw Error(0, name, "there is no such network device for");
    const Entry* const entry = state_->find(name);
    const std::string type = state_->device_type(name);
    const abi::Key* const key = entry != nullptr ? entry->declared : find_declaration(name, type, plugins()).key;
    if (key == nullptr && entry != nullptr) return entry->value;
    if (key == nullptr) refuse_unknown(name, type, plugins());
    if (has_flag(*key, abi::key_action)) throw Error(0, name, "there is nothing to read back of");
    if (has_flag(*key, abi::key_family)) return print_member(*key, list(name));
    if (has_flag(*key, abi::key_list)) return print_list(*key, list(name));
    if (entry == nullptr) return unset_value(*key);
    if (is_type(*key, own::architecture)) return is_32_bit(entry->value) ? "i686" : "x86_64";
    if (is_type(*key, own::rootfs_source)) {
        const size_t prefix = storage_prefix(entry->value, plugins()).size();
        return entry->value.substr(prefix == 0 ? 0 : prefix + 1);
    }
    return entry->value;
}

}  // namespace keelson::config
