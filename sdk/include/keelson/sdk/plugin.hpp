// Declaring a plugin: KEELSON_PLUGIN and KEELSON_KEYS.
#pragma once

#include <keelson/abi/descriptor.hpp>
#include <keelson/sdk/context.hpp>

namespace keelson::sdk {

/// Facts for KEELSON_PLUGIN beside kind, name and class.
struct About {
    const char* version;
    const char* summary;
    const char* licence = "Apache-2.0";
    const char* applies_to = "";
    uint32_t order = 100;
    const char* aliases = "";
};

/// The common part of every author's base class.
class Plugin {
public:
    virtual ~Plugin() = default;
    /// [host, may repeat] Takes back the change of one record; see abi::Plugin::undo. A plugin that writes no records needs
    /// none.
    virtual void undo(const Context&, std::string_view record, const Namespaces&) {
        throw Error(EINVAL, std::string(record), "this plugin writes no records, but was asked to undo");
    }
    /// Optional interfaces of the author's own, by name; an abi class without data.
    virtual void* optional(std::string_view) { return nullptr; }
};

/// Translates between the boundary's class `Interface` and the author's class `Author`.
template <typename Interface, typename Author>
class Bridge : public Interface {
public:
    explicit Bridge(Author& author) noexcept : author_(author) {}

protected:
    ~Bridge() = default;
    Author& author_;

    void* interface(abi::StringView id) noexcept override try { return author_.optional(from_abi(id)); } catch (...) {
        return nullptr;
    }

private:
    abi::Status undo(const abi::Context* context, abi::StringView record, const abi::NamespaceFds* namespaces,
                     abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.undo(Context(*context), from_abi(record), Namespaces(namespaces)); });
    }
};

template <typename Interface, typename Translation, typename Author>
void* open_plugin(abi::ErrorSink* error) noexcept {
    void* result = nullptr;
    guard(error, [&] {
        static Author plugin;
        static Translation bridge(plugin);
        result = static_cast<Interface*>(&bridge);
    });
    return result;
}

template <size_t Size>
constexpr void copy_text(char (&to)[Size], const char* from) {
    size_t i = 0;
    for (; from[i] != '\0'; ++i) {
        if (i + 1 >= Size) throw "a text of the plugin's descriptor is too long";
        to[i] = from[i];
    }
}

consteval abi::PluginDescriptor describe(const char* kind, const char* name, const About& about, abi::OpenPlugin open) {
    abi::PluginDescriptor descriptor{};
    descriptor.magic = abi::plugin_magic;
    descriptor.size = sizeof descriptor;
    descriptor.abi_major = KEELSON_ABI_MAJOR;
    descriptor.abi_minor = KEELSON_ABI_MINOR;
    descriptor.order = about.order;
    copy_text(descriptor.kind, kind);
    copy_text(descriptor.name, name);
    copy_text(descriptor.version, about.version);
    copy_text(descriptor.licence, about.licence);
    copy_text(descriptor.summary, about.summary);
    copy_text(descriptor.applies_to, about.applies_to);
    copy_text(descriptor.aliases, about.aliases);
    descriptor.open = open;
    return descriptor;
}

}  // namespace keelson::sdk

#define KEELSON_EXPORTED_DESCRIPTOR(kind, name, interface, bridge, type, ...)                                   \
    extern "C" {                                                                                                \
    extern const ::keelson::abi::PluginDescriptor keelson_plugin                                                \
        __attribute__((visibility("default"), section(KEELSON_PLUGIN_SECTION)));                                \
    constinit const ::keelson::abi::PluginDescriptor keelson_plugin = ::keelson::sdk::describe(                 \
        kind, name, ::keelson::sdk::About{__VA_ARGS__}, &::keelson::sdk::open_plugin<interface, bridge, type>); \
    }                                                                                                           \
    static_assert(true)

/// `retain` keeps a section that no code refers to when the linker collects garbage (--gc-sections).
#if __has_attribute(retain)
#define KEELSON_KEPT used, retain
#else
#define KEELSON_KEPT used
#endif

/// The keys that the plugin adds: KEELSON_KEYS({"veth.pair", abi::KeyType::text, 0, "", "", "name of the host end"}, ...);
#define KEELSON_KEYS(...)                                                                                                      \
    __attribute__((KEELSON_KEPT, section(KEELSON_KEYS_SECTION))) static constinit const ::keelson::abi::Key keelson_keys[] = { \
        __VA_ARGS__}
