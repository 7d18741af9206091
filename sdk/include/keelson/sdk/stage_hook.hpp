// Base class for code at the stages of a container's life. See abi/stage_hook.hpp.
#pragma once

#include <keelson/abi/stage_hook.hpp>
#include <keelson/sdk/plugin.hpp>

#include <vector>

namespace keelson::sdk {

class StageHook : public Plugin {
public:
    /// The stages that `run` wants to see.
    virtual std::vector<abi::HookStage> wanted() const = 0;
    virtual void run(const Context&, abi::HookStage, std::string_view rootfs, const Namespaces&) = 0;
};

class StageHookBridge final : public Bridge<abi::StageHook, StageHook> {
public:
    using Bridge::Bridge;

private:
    uint32_t stages() noexcept final {
        uint32_t bits = 0;
        ErrorCollector ignored;
        guard(&ignored, [&] {
            for (abi::HookStage stage : author_.wanted()) bits |= 1U << static_cast<uint32_t>(stage);
        });
        return bits;
    }
    abi::Status run(const abi::Context* context, abi::HookStage stage, abi::StringView rootfs,
                    const abi::NamespaceFds* namespaces, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.run(Context(*context), stage, from_abi(rootfs), Namespaces(namespaces)); });
    }
};

}  // namespace keelson::sdk

#define KEELSON_STAGE_HOOK(name, type, ...) \
    KEELSON_EXPORTED_DESCRIPTOR("hook", name, ::keelson::abi::StageHook, ::keelson::sdk::StageHookBridge, type, __VA_ARGS__)
