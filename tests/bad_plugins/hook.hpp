// A hook that does nothing, and a descriptor of it to spoil: what the bad plugins are made of.
#pragma once

#include <keelson/sdk/stage_hook.hpp>

struct Hook : keelson::sdk::StageHook {
    std::vector<keelson::abi::HookStage> wanted() const override { return {}; }
    void run(const keelson::sdk::Context&, keelson::abi::HookStage, std::string_view,
             const keelson::sdk::Namespaces&) override {}
};

inline void* open_hook(keelson::abi::ErrorSink* error) {
    return keelson::sdk::open_plugin<keelson::abi::StageHook, keelson::sdk::StageHookBridge, Hook>(error);
}

consteval keelson::abi::PluginDescriptor hook(const char* name, keelson::abi::OpenPlugin open = &open_hook) {
    return keelson::sdk::describe("hook", name, {.version = "1", .summary = "a bad plugin"}, open);
}

/// EXPORT(descriptor): what KEELSON_STAGE_HOOK writes, for a descriptor of one's own.
#define EXPORT(...)                                                              \
    extern "C" {                                                                 \
    extern const keelson::abi::PluginDescriptor keelson_plugin                   \
        __attribute__((visibility("default"), section(KEELSON_PLUGIN_SECTION))); \
    constinit const keelson::abi::PluginDescriptor keelson_plugin = __VA_ARGS__; \
    }                                                                            \
    static_assert(true)
