// The section is there, but the dynamic loader finds no symbol.
#include "hook.hpp"

extern "C" {
extern const keelson::abi::PluginDescriptor another_name
    __attribute__((visibility("default"), section(KEELSON_PLUGIN_SECTION)));
constinit const keelson::abi::PluginDescriptor another_name = hook("hidden_symbol");
}
