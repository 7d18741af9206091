// Code at the stages of a container's life: keelson.hook = NAME. What lxc.hook.* is for programs.
#pragma once

#include <keelson/abi/base.hpp>

namespace keelson::abi {

/// The stages of lxc.container.conf(5)'s hooks, in the order of a life.
enum class HookStage : int32_t { pre_start, pre_mount, mount, autodev, start, start_host, stop, post_stop, clone, destroy };

class StageHook : public Plugin {
public:
    /// Bit 1 << stage for each stage that `run` wants to see.
    virtual uint32_t stages() noexcept = 0;

    /// [host, or inside for pre_mount, mount, autodev, start] A failure ends the start. At stop and post_stop it is reported
    /// and the rest goes on; at clone and destroy it ends the copy and the removal. `rootfs` is where the container's tree is
    /// mounted inside, "/" at stage start; at clone where the tree of the copy is mounted in a child of its own; else empty.
    virtual Status run(const Context* context, HookStage stage, StringView rootfs, const NamespaceFds* namespaces,
                       ErrorSink* error) noexcept = 0;

protected:
    ~StageHook() = default;
};

}  // namespace keelson::abi
