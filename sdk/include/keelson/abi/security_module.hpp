// A security module: taken when one of its keys is set, when it applies to the host, or when keelson.lsm names it.
#pragma once

#include <keelson/abi/base.hpp>

namespace keelson::abi {

class SecurityModule : public Plugin {
public:
    /// [host] Stage resolve: is what the configuration asks for possible here? Changes nothing. `*wanted` false: the module
    /// has nothing to do for this container (a neutral value, a kernel without it) and is not called again.
    virtual Status check(const Context* context, bool* wanted, ErrorSink* error) noexcept = 0;

    /// [host] Stage pre-start: compiles and loads what `confine` needs. Every change has its record. `state` is plain bytes
    /// that the kernel keeps for `confine`, also for later attaching processes.
    virtual Status prepare(const Context* context, StringSink* state, ErrorSink* error) noexcept = 0;

    /// [inside] Confines the calling process, in stage start after the capabilities were dropped, and each process that
    /// attaches. This is plugin code inside the container, because only a process itself can confine itself; it opens
    /// nothing of the container's and allocates little. `proc_borrowed` is for those with the interface SecurityLabel, who
    /// write their label there: a private procfs (fsopen(2)), so that the container's own /proc is not trusted; others get -1.
    /// Of several modules the one with the smaller order goes first: a system call filter comes last, since it may deny what
    /// others need.
    virtual Status confine(const Context* context, StringView state, int32_t proc_borrowed, ErrorSink* error) noexcept = 0;

protected:
    ~SecurityModule() = default;
};

/// Optional, "keelson.lsm.mounts/1": the module has something mounted in the container.
class SecurityMounts {
public:
    /// [host] Stage resolve, also where `check` finds nothing to do. Each entry is a line as lxc.mount.entry has it; they are
    /// mounted after those of the configuration. Changes nothing.
    virtual Status mounts(const Context* context, StringSink* entries, ErrorSink* error) noexcept = 0;

protected:
    ~SecurityMounts() = default;
};

/// Optional, "keelson.lsm.keyring/1": the module labels the session keyring that the container gets.
class SecurityKeyring {
public:
    /// [inside] Asked with true before the keyring is made: keys that the calling process makes from then on carry the label.
    /// With false when it is made: they are as before. `proc_borrowed`: see SecurityModule::confine.
    virtual Status label_keys(const Context* context, bool label, int32_t proc_borrowed, ErrorSink* error) noexcept = 0;

protected:
    ~SecurityKeyring() = default;
};

/// Optional, "keelson.lsm.listener/1": confined processes have some of their system calls answered by somebody else.
class SecurityListener {
public:
    /// [inside] Instead of SecurityModule::confine, for the container's init. `*listener_owned`: what tells of such calls, or
    /// -1 when there are none.
    virtual Status confine_listening(const Context* context, StringView state, int32_t proc_borrowed, int32_t* listener_owned,
                                     ErrorSink* error) noexcept = 0;

    /// [host] In a process of its own, a child of the monitor that ends with it and with the container: answers until nobody is
    /// left to ask. `init_pid`: as the host sees it.
    virtual Status serve(const Context* context, int32_t listener_borrowed, int32_t init_pid, ErrorSink* error) noexcept = 0;

protected:
    ~SecurityListener() = default;
};

/// Optional, "keelson.lsm.label/1": the module confines by a label, which keelson attach --context replaces.
class SecurityLabel {
public:
    /// [host, may repeat] The `state` that lets `confine` give this label. Changes nothing.
    virtual Status state_of(StringView label, StringSink* state, ErrorSink* error) noexcept = 0;

protected:
    ~SecurityLabel() = default;
};

}  // namespace keelson::abi
