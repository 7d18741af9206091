// The C declarations of the example say what the C++ headers say.
#include "../../sdk/examples/c-hook/keelson.h"

#include <keelson/abi/descriptor.hpp>
#include <keelson/abi/stage_hook.hpp>

#include <cstddef>

namespace abi = keelson::abi;

#define SAME(c, cpp, member) static_assert(offsetof(c, member) == offsetof(cpp, member))

static_assert(sizeof(keelson_string) == sizeof(abi::StringView));
static_assert(sizeof(keelson_container) == sizeof(abi::ContainerFacts));
SAME(keelson_container, abi::ContainerFacts, ordinary_user);
SAME(keelson_container, abi::ContainerFacts, name);
SAME(keelson_container, abi::ContainerFacts, runtime_directory);
SAME(keelson_container, abi::ContainerFacts, id_range_count);
static_assert(sizeof(keelson_context) == sizeof(abi::Context));
SAME(keelson_context, abi::Context, container);
SAME(keelson_context, abi::Context, settings);
SAME(keelson_context, abi::Context, records);
SAME(keelson_context, abi::Context, log);
static_assert(sizeof(keelson_namespaces) == sizeof(abi::NamespaceFds));
SAME(keelson_namespaces, abi::NamespaceFds, net_borrowed);
static_assert(sizeof(keelson_descriptor) == sizeof(abi::PluginDescriptor));
SAME(keelson_descriptor, abi::PluginDescriptor, abi_minor);
SAME(keelson_descriptor, abi::PluginDescriptor, kind);
SAME(keelson_descriptor, abi::PluginDescriptor, applies_to);
SAME(keelson_descriptor, abi::PluginDescriptor, aliases);
SAME(keelson_descriptor, abi::PluginDescriptor, open);
static_assert(KEELSON_MAGIC == abi::plugin_magic);
static_assert(keelson_destroy == static_cast<int>(abi::HookStage::destroy));
static_assert(keelson_start_host == static_cast<int>(abi::HookStage::start_host));
static_assert(sizeof(abi::StageHook) == sizeof(void*));
