// Plugins of kind hook, at the stages of one container's life: keelson.hook.
#pragma once

#include <kernel/container/facts.hpp>
#include <kernel/process/namespaces.hpp>

#include <string>
#include <vector>

namespace keelson::container {

class StageHooks {
public:
    /// Loads what keelson.hook names. Throws.
    StageHooks(const Facts& facts, const config::Config& config);

    void attach_journal(lifecycle::Journal* journal) { journal_ = journal; }
    bool any(abi::HookStage stage) const;
    /// Those that want this stage, in order; throws at the first failure. `rootfs` and `namespaces` as in abi::StageHook::run.
    void run(abi::HookStage stage, const std::string& rootfs = {}, const process::NamespaceSet* namespaces = nullptr) const;

private:
    const Facts& facts_;
    const config::Config& config_;
    std::vector<const plugins::LoadedPlugin*> plugins_;
    lifecycle::Journal* journal_ = nullptr;
};

}  // namespace keelson::container
