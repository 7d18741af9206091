#include <keelson/sdk/elf_sections.hpp>
#include <kernel/plugins/inspect.hpp>

#include <algorithm>
#include <cstddef>

namespace keelson::plugins {
namespace {

constexpr uint32_t all_key_flags = abi::key_list | abi::key_family | abi::key_unique | abi::key_action | abi::key_of_host;

std::string version(unsigned major, unsigned minor) { return cat(major, ".", minor); }

std::string hex(uint32_t number) {
    std::string text = "0x00000000";
    for (size_t i = text.size() - 1; i > 1; --i, number >>= 4) text[i] = "0123456789abcdef"[number & 15];
    return text;
}

/// Text of a fixed field; throws if nothing ends it.
template <size_t Size>
std::string_view field(const char (&text)[Size], const char* what, const std::string& path) {
    const size_t length = ::strnlen(text, Size);
    if (length == Size) throw Error(0, path, cat("the ", what, " has no end in the plugin descriptor of"));
    return {text, length};
}

void check_interface(const abi::PluginDescriptor& raw, const std::string& path) {
    const std::string ours = version(KEELSON_ABI_MAJOR, KEELSON_ABI_MINOR);
    const std::string theirs = version(raw.abi_major, raw.abi_minor);
    if (raw.abi_major != KEELSON_ABI_MAJOR)
        throw Error(0, path, cat("built for plugin interface ", theirs, ", this Keelson speaks ", ours, ":"),
                    "build it again with the SDK of this Keelson, or install the Keelson that it was built for");
    if (raw.abi_minor > KEELSON_ABI_MINOR)
        throw Error(0, path, cat("built for plugin interface ", theirs, ", this Keelson speaks ", ours, ":"),
                    cat("install a Keelson that speaks ", theirs, ", or build the plugin with the SDK of this one"));
}

/// A descriptor of an older minor is shorter; what it does not have is zero.
abi::PluginDescriptor descriptor_of(std::string_view bytes, const std::string& path) {
    abi::PluginDescriptor raw{};
    constexpr size_t head = offsetof(abi::PluginDescriptor, order);
    if (bytes.size() < head) throw Error(0, path, cat("a plugin descriptor of only ", bytes.size(), " bytes in"));
    std::memcpy(&raw, bytes.data(), head);
    if (raw.magic != abi::plugin_magic)
        throw Error(0, path,
                    cat("no plugin descriptor (magic ", hex(raw.magic), " instead of ", hex(abi::plugin_magic), ") in"),
                    "declare the plugin with KEELSON_NETWORK or its like, which write the descriptor");
    check_interface(raw, path);
    if (raw.size > bytes.size() || raw.size != sizeof raw)
        throw Error(0, path,
                    cat("a plugin descriptor of ", raw.size, " bytes, interface ", version(raw.abi_major, raw.abi_minor),
                        " has ", sizeof raw, ", in"),
                    "build it with unchanged SDK headers");
    std::memcpy(&raw, bytes.data(), sizeof raw);
    return raw;
}

/// What the plugin's keys have to begin with.
std::vector<std::string> namespaces_of(const PluginFile& file) {
    if (file.kind == "net") return {file.name + "."};
    std::vector<std::string> prefixes{cat("keelson.", file.kind, ".", file.name, ".")};
    if (file.kind == "lsm") prefixes.push_back(cat("lxc.", file.name, "."));
    return prefixes;
}

void check_key(const abi::Key& key, const PluginFile& file, const std::vector<std::string>& prefixes) {
    const std::string_view name = field(key.name, "name of a key", file.path);
    field(key.fallback, "default of a key", file.path);
    field(key.choices, "list of choices of a key", file.path);
    field(key.help, "help of a key", file.path);
    if (key.type > abi::KeyType::relative || (key.flags & ~all_key_flags) != 0)
        throw Error(0, file.path,
                    cat("key '", name, "' has a type or a flag that interface ", version(file.abi_major, file.abi_minor),
                        " does not know, in"),
                    "build it with the SDK of this Keelson");
    if (std::none_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return name.starts_with(prefix) && name.size() > prefix.size(); }))
        throw Error(0, file.path, cat("key '", name, "' does not belong to ", file.kind, " ", file.name, ", declared in"),
                    cat("its keys begin with ", prefixes.front(), prefixes.size() > 1 ? " or " + prefixes.back() : ""));
}

std::vector<abi::Key> keys_of(std::string_view bytes, const PluginFile& file) {
    if (bytes.size() % sizeof(abi::Key) != 0)
        throw Error(0, file.path, cat("keys of ", bytes.size(), " bytes, not a multiple of ", sizeof(abi::Key), ", in"),
                    "put nothing but KEELSON_KEYS into the section " KEELSON_KEYS_SECTION);
    std::vector<abi::Key> keys(bytes.size() / sizeof(abi::Key));
    if (!keys.empty()) std::memcpy(keys.data(), bytes.data(), bytes.size());
    const std::vector<std::string> prefixes = namespaces_of(file);
    for (const abi::Key& key : keys) check_key(key, file, prefixes);
    return keys;
}

void check_identity(const PluginFile& file) {
    if (!is_kind(file.kind))
        throw Error(0, file.path, cat("unknown kind '", file.kind, "' in the plugin descriptor of"),
                    "kinds are net, storage, lsm, cgroup, template, hook");
    if (!is_plugin_name(file.name))
        throw Error(0, file.path, cat("'", file.name, "' cannot be a plugin's name, in the descriptor of"),
                    "a name is a letter or digit, then letters, digits, '-' and '_'");
}

}  // namespace

bool is_kind(std::string_view kind) noexcept { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); }

bool is_plugin_name(std::string_view name) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() < sizeof abi::PluginDescriptor::name && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || c == '-' || c == '_'; });
}

Sections read_sections(int fd, const std::string& path) {
    const sdk::ElfSections elf(fd, path);
    std::optional<std::string> descriptor = elf.read(KEELSON_PLUGIN_SECTION);
    if (!descriptor)
        throw Error(0, path, "no plugin descriptor (section " KEELSON_PLUGIN_SECTION ") in",
                    "declare the plugin with KEELSON_NETWORK or its like, and do not strip section headers");
    return {std::move(*descriptor), elf.read(KEELSON_KEYS_SECTION).value_or("")};
}

PluginFile describe(const SectionsView& sections, const std::string& path) {
    const abi::PluginDescriptor raw = descriptor_of(sections.descriptor, path);
    PluginFile file;
    file.path = path;
    file.kind = field(raw.kind, "kind", path);
    file.name = field(raw.name, "name", path);
    file.version = field(raw.version, "version", path);
    file.licence = field(raw.licence, "licence", path);
    file.summary = field(raw.summary, "summary", path);
    file.applies_to = field(raw.applies_to, "condition", path);
    file.aliases = field(raw.aliases, "list of aliases", path);
    file.order = raw.order;
    file.abi_major = raw.abi_major;
    file.abi_minor = raw.abi_minor;
    check_identity(file);
    file.keys = keys_of(sections.keys, file);
    return file;
}

PluginFile inspect(int fd, const std::string& path) { return describe(read_sections(fd, path), path); }

}  // namespace keelson::plugins
