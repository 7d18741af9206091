#include <kernel/base/text.hpp>
#include <kernel/container/stage_hooks.hpp>

#include <algorithm>

namespace keelson::container {

StageHooks::StageHooks(const Facts& facts, const config::Config& config) : facts_(facts), config_(config) {
    for (const std::string& value : config.list("keelson.hook")) {
        for (const std::string_view name : base::words(value))
            plugins_.push_back(&plugins::PluginHost::instance().load("hook", name));
    }
}

namespace {

bool wants(const plugins::LoadedPlugin* plugin, abi::HookStage stage) {
    return (plugin->as<abi::StageHook>().stages() & (1U << static_cast<unsigned>(stage))) != 0;
}

}  // namespace

bool StageHooks::any(abi::HookStage stage) const {
    return std::ranges::any_of(plugins_, [&](const plugins::LoadedPlugin* plugin) { return wants(plugin, stage); });
}

void StageHooks::run(abi::HookStage stage, const std::string& rootfs, const process::NamespaceSet* namespaces) const {
    for (const plugins::LoadedPlugin* plugin : plugins_) {
        if (!wants(plugin, stage)) continue;
        const CallContext context(facts_, config_, *plugin, journal_);
        const abi::NamespaceFds fds = namespaces != nullptr ? namespaces->fds() : abi::NamespaceFds{};
        plugins::call(*plugin, [&](abi::ErrorSink* e) {
            return plugin->as<abi::StageHook>().run(context.raw(), stage, sdk::to_abi(rootfs),
                                                    namespaces != nullptr ? &fds : nullptr, e);
        });
    }
}

}  // namespace keelson::container
