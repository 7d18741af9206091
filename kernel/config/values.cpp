#include <sys/capability.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/key_types.hpp>
#include <kernel/config/values.hpp>
#include <limits>

namespace keelson::config {

namespace {

using Values = std::vector<std::string>;

std::string path(const abi::Key& key, std::string_view name, std::string_view raw) {
    constexpr size_t longest = 4096;  // PATH_MAX, limits.h(0p)
    if (raw.size() >= longest) refuse(key, name, cat(raw.substr(0, 40), "..."));
    return simplify_path(raw);
}

std::string relative(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (raw.starts_with('/') || raw.find("..") != std::string_view::npos) refuse(key, name, raw);
    return path(key, name, raw);
}

std::string component(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (raw.find('/') != std::string_view::npos || raw == "." || raw.size() > 255) refuse(key, name, raw);
    return relative(key, name, raw);
}

std::string choice(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (!has_word(key.choices, raw)) refuse(key, name, raw);
    return std::string(raw);
}

void words(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    for (const std::string_view word : base::words(raw)) {
        if (key.choices[0] != '\0' && !has_word(key.choices, word)) refuse(key, name, word);
        out.emplace_back(word);
    }
}

void id_map(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    const std::vector<std::string_view> parts = base::words(raw);
    if (parts.size() != 4 || parts[0].size() != 1 || !has_word("u g b", parts[0])) refuse(key, name, raw);
    std::string range;
    for (size_t i = 1; i < 4; ++i) {
        const auto value = base::parse_unsigned(parts[i]);
        if (!value || *value > std::numeric_limits<uint32_t>::max()) refuse(key, name, raw);
        range += cat(' ', *value);
    }
    for (const char* const kind : {"u", "g"}) {
        if (parts[0] == "b" || parts[0] == kind) out.push_back(kind + range);
    }
}

bool is_capability(std::string_view word) {
    constexpr size_t longest = 40;
    char name[longest + 5] = "cap_";
    if (word.size() > longest || word != lower(word) || word.starts_with("cap_")) return false;
    if (const auto bit = base::parse_unsigned(word)) return *bit < static_cast<uint64_t>(::cap_max_bits());
    word.copy(name + 4, longest);
    cap_value_t value = 0;
    return !word.empty() && ::cap_from_name(name, &value) == 0;
}

void capabilities(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    for (const std::string_view word : base::words(raw)) {
        if (!has_word(key.choices, word) && !is_capability(word))
            refuse(key, name, word, "capabilities(7) has them, here without cap_");
        out.emplace_back(word);
    }
}

std::string variable(std::string_view name, std::string_view raw) {
    if (raw.find('=') != std::string_view::npos) return std::string(raw);
    const std::string variable_name(raw);
    const char* const value = std::getenv(variable_name.c_str());
    if (value == nullptr)
        throw Error(0, std::string(name), cat("your environment has no variable ", raw, " to copy, as wanted by"),
                    cat("set it, or write ", raw, "=VALUE"));
    return cat(raw, '=', value);
}

void namespaces(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    for (const std::string_view word : base::words(raw)) {
        const std::string known = lower(word);
        if (!has_word("user mnt pid uts ipc net cgroup time", known))
            refuse(key, name, word, known == "mount" ? "did you mean mnt?" : "");
        out.push_back(known);
    }
}

std::string architecture(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (!has_word("arm armel armhf armv7l athlon i386 i486 i586 i686 linux32 mips mipsel ppc powerpc x32 x86", raw) &&
        !has_word("aarch64 amd64 arm64 linux64 loongarch64 loong64 mips64 mips64el ppc64 ppc64el ppc64le powerpc64 riscv64 "
                  "s390x x86_64",
                  raw))
        refuse(key, name, raw);
    return std::string(raw);
}

std::string log_level(const abi::Key& key, std::string_view name, std::string_view raw) {
    constexpr std::array<std::string_view, 9> levels = {"trace", "debug", "info",  "notice", "warn",
                                                        "error", "crit",  "alert", "fatal"};
    const auto numeric = base::parse_unsigned(raw);
    const auto* found = numeric && *numeric < levels.size() ? levels.begin() + *numeric : std::ranges::find(levels, lower(raw));
    if (found == levels.end()) refuse(key, name, raw);
    std::string value(*found);
    for (char& letter : value) letter = static_cast<char>(letter - 'a' + 'A');
    return value;
}

std::string facility(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (!has_word("daemon local0 local1 local2 local3 local4 local5 local6 local7", lower(raw))) refuse(key, name, raw);
    return std::string(raw);
}

void auto_mounts(const abi::Key& key, std::string_view name, std::string_view raw, Values& out) {
    for (const std::string_view word : base::words(raw)) {
        const bool plain = word == "proc" || word == "sys";
        const bool known =
            plain || has_word("proc:mixed proc:rw sys:mixed sys:ro sys:rw", word) ||
            has_word("cgroup cgroup:mixed cgroup:ro cgroup:rw cgroup:force cgroup:mixed:force cgroup:ro:force cgroup:rw:force",
                     word) ||
            has_word(
                "cgroup-full cgroup-full:mixed cgroup-full:ro cgroup-full:rw cgroup-full:force "
                "cgroup-full:mixed:force cgroup-full:ro:force cgroup-full:rw:force",
                word) ||
            has_word("cgroup2 cgroup2:ro cgroup2:force cgroup2:ro:force", word) ||
            (word.starts_with("shmounts:") && word.size() > 9);
        if (!known) refuse(key, name, word);
        out.push_back(plain ? cat(word, ":mixed") : std::string(word));
    }
}

std::string mount_options(const abi::Key& key, std::string_view name, std::string_view raw) {
    for (const std::string_view option : base::split(raw, ',')) {
        if (option.starts_with("create=") || option == "optional" || option == "relative") refuse(key, name, option);
    }
    return std::string(raw);
}

std::string rootfs_source(const abi::Key& key, std::string_view name, std::string_view raw, KeySource& plugins) {
    const std::string_view prefix = storage_prefix(raw, plugins);
    if (prefix.empty()) {
        const std::string simple = path(key, name, raw);
        // "./dir:x" is a path and has to stay one.
        return storage_prefix(simple, plugins).empty() ? simple : "./" + simple;
    }
    return cat(prefix, ':', path(key, name, raw.substr(prefix.size() + 1)));
}

std::string interface_name(std::string_view name, std::string_view raw) {
    constexpr size_t longest = 15;  // IFNAMSIZ - 1, netdevice(7)
    if (raw.size() > longest)
        base::log_error(
            cat(name, " = ", raw, ": interface names have at most 15 bytes, so it is cut to ", raw.substr(0, longest)));
    return std::string(raw.substr(0, longest));
}

std::string network_flags(std::string_view name, std::string_view raw) {
    if (raw != "up") base::log_warn(cat(name, " = ", raw, ": means up, as everything but an empty value does"));
    return "up";
}

std::string host_name(const abi::Key& key, std::string_view name, std::string_view raw) {
    if (raw.size() > 64) refuse(key, name, raw);
    return std::string(raw);
}

}  // namespace

std::string lower(std::string_view text) {
    std::string copy(text);
    for (char& byte : copy) {
        if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    }
    return copy;
}

bool has_word(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const size_t end = std::min(list.find(' '), list.size());
        if (list.substr(0, end) == wanted) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

bool is_plugin_name(std::string_view name) noexcept {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return !name.empty() && name.size() < 32 && name.find_first_not_of(letters) == std::string_view::npos;
}

std::string_view storage_prefix(std::string_view source, KeySource& plugins) {
    const std::string_view prefix = source.substr(0, std::min(source.find(':'), source.size()));
    const bool known = prefix.size() < source.size() && is_plugin_name(prefix) && plugins.keys_of("storage", prefix) != nullptr;
    return known ? prefix : std::string_view();
}

std::string simplify_path(std::string_view path) {
    std::string simple(path.starts_with('/') ? "/" : "");
    for (const std::string_view part : base::split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (!simple.empty() && simple != "/") simple += '/';
        simple += part;
    }
    return simple.empty() ? "." : simple;
}

void refuse(const abi::Key& key, std::string_view name, std::string_view raw, std::string hint) {
    throw Error(0, std::string(name), cat("expected ", expectation(key), ", not \"", raw, "\", for"), std::move(hint));
}

void normalise(const abi::Key& key, std::string_view name, std::string_view raw, KeySource& plugins, Values& out) {
    switch (static_cast<uint32_t>(key.type)) {
        using enum abi::KeyType;
        case uint32_t(words):
            return config::words(key, name, raw, out);
        case uint32_t(idmap):
            return id_map(key, name, raw, out);
        case uint32_t(capability):
            return capabilities(key, name, raw, out);
        case uint32_t(namespaces):
            return config::namespaces(key, name, raw, out);
        case own::auto_mounts:
            return auto_mounts(key, name, raw, out);
        case own::group_ids:
            return numeric::group_ids(key, name, raw, out);
        case uint32_t(path):
        case own::installed_path:
            out.push_back(config::path(key, name, raw));
            return;
        case uint32_t(boolean):
            out.push_back(numeric::boolean(key, name, raw));
            return;
        case uint32_t(number):
            out.push_back(numeric::number(key, name, raw));
            return;
        case uint32_t(integer):
            out.push_back(numeric::integer(key, name, raw));
            return;
        case uint32_t(size):
            out.push_back(numeric::size(key, name, raw));
            return;
        case uint32_t(choice):
            out.push_back(config::choice(key, name, raw));
            return;
        case uint32_t(signal):
            out.push_back(numeric::signal(key, name, raw));
            return;
        case uint32_t(address4):
            out.push_back(network::address4(key, name, raw));
            return;
        case uint32_t(address6):
            out.push_back(network::address6(key, name, raw));
            return;
        case uint32_t(gateway):
            out.push_back(network::gateway(key, name, raw));
            return;
        case uint32_t(variable):
            out.push_back(config::variable(name, raw));
            return;
        case uint32_t(duration):
            out.push_back(numeric::duration(key, name, raw));
            return;
        case uint32_t(relative):
            out.push_back(config::relative(key, name, raw));
            return;
        case own::architecture:
            out.push_back(architecture(key, name, raw));
            return;
        case own::host_name:
            out.push_back(host_name(key, name, raw));
            return;
        case own::log_level:
            out.push_back(log_level(key, name, raw));
            return;
        case own::facility:
            out.push_back(facility(key, name, raw));
            return;
        case own::mount_options:
            out.push_back(mount_options(key, name, raw));
            return;
        case own::rootfs_source:
            out.push_back(rootfs_source(key, name, raw, plugins));
            return;
        case own::component:
            out.push_back(component(key, name, raw));
            return;
        case own::limit:
            out.push_back(numeric::limit(key, name, raw));
            return;
        case own::console_size:
            out.push_back(numeric::console_size(key, name, raw));
            return;
        case own::tmpfs_size:
            out.push_back(numeric::tmpfs_size(key, raw));
            return;
        case own::network_type:
            out.push_back(network::type(name, raw, plugins));
            return;
        case own::network_flags:
            out.push_back(network_flags(name, raw));
            return;
        case own::interface_name:
            out.push_back(interface_name(name, raw));
            return;
        case own::hardware_address:
            out.push_back(network::hardware_address(raw));
            return;
        default:
            out.emplace_back(raw);
    }
}

}  // namespace keelson::config
