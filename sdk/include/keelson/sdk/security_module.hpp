// Base class for a security module. See abi/security_module.hpp for what each call means and where it runs.
#pragma once

#include <keelson/abi/security_module.hpp>
#include <keelson/sdk/plugin.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <sys/types.h>

namespace keelson::sdk {

class SecurityModule : public Plugin {
public:
    /// False: nothing to do for this container.
    virtual bool check(const Context&) = 0;
    /// Returns the state that `confine` gets.
    virtual std::string prepare(const Context&) = 0;
    virtual void confine(const Context&, std::string_view state, int proc_borrowed) = 0;
};

/// For modules that confine by a label: derive the plugin's class from this as well.
class SecurityLabel {
public:
    static constexpr std::string_view id = "keelson.lsm.label/1";
    /// The state that lets `confine` give this label.
    virtual std::string state_of(std::string_view label) = 0;

protected:
    ~SecurityLabel() = default;
};

/// For modules that have something mounted: derive the plugin's class from this as well.
class SecurityMounts {
public:
    static constexpr std::string_view id = "keelson.lsm.mounts/1";
    /// Lines as lxc.mount.entry has them.
    virtual std::vector<std::string> mounts(const Context&) = 0;

protected:
    ~SecurityMounts() = default;
};

/// For modules that have system calls answered: derive the plugin's class from this as well.
class SecurityListener {
public:
    static constexpr std::string_view id = "keelson.lsm.listener/1";
    /// Empty when nothing asks.
    virtual UniqueFd confine_listening(const Context&, std::string_view state, int proc_borrowed) = 0;
    virtual void serve(const Context&, int listener_borrowed, pid_t init) = 0;

protected:
    ~SecurityListener() = default;
};

class SecurityListenerBridge final : public abi::SecurityListener {
public:
    explicit SecurityListenerBridge(sdk::SecurityListener* author) noexcept : author_(author) {}
    bool available() const noexcept { return author_ != nullptr; }

private:
    abi::Status confine_listening(const abi::Context* context, abi::StringView state, int32_t proc_borrowed,
                                  int32_t* listener_owned, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] {
            *listener_owned = author_->confine_listening(Context(*context), from_abi(state), proc_borrowed).release();
        });
    }
    abi::Status serve(const abi::Context* context, int32_t listener_borrowed, int32_t init_pid,
                      abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_->serve(Context(*context), listener_borrowed, init_pid); });
    }

    sdk::SecurityListener* author_;
};

/// For modules that label the session keyring: derive the plugin's class from this as well.
class SecurityKeyring {
public:
    static constexpr std::string_view id = "keelson.lsm.keyring/1";
    /// Of the calling process: whether the keys that it makes from now on carry the label.
    virtual void label_keys(const Context&, bool label, int proc_borrowed) = 0;

protected:
    ~SecurityKeyring() = default;
};

class SecurityKeyringBridge final : public abi::SecurityKeyring {
public:
    explicit SecurityKeyringBridge(sdk::SecurityKeyring* author) noexcept : author_(author) {}
    bool available() const noexcept { return author_ != nullptr; }

private:
    abi::Status label_keys(const abi::Context* context, bool label, int32_t proc_borrowed,
                           abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_->label_keys(Context(*context), label, proc_borrowed); });
    }

    sdk::SecurityKeyring* author_;
};

class SecurityMountsBridge final : public abi::SecurityMounts {
public:
    explicit SecurityMountsBridge(sdk::SecurityMounts* author) noexcept : author_(author) {}
    bool available() const noexcept { return author_ != nullptr; }

private:
    abi::Status mounts(const abi::Context* context, abi::StringSink* entries, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] {
            for (const std::string& entry : author_->mounts(Context(*context))) entries->add(to_abi(entry));
        });
    }

    sdk::SecurityMounts* author_;
};

class SecurityLabelBridge final : public abi::SecurityLabel {
public:
    explicit SecurityLabelBridge(sdk::SecurityLabel* author) noexcept : author_(author) {}
    bool available() const noexcept { return author_ != nullptr; }

private:
    abi::Status state_of(abi::StringView label, abi::StringSink* state, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { state->add(to_abi(author_->state_of(from_abi(label)))); });
    }

    sdk::SecurityLabel* author_;
};

class SecurityModuleBridge final : public Bridge<abi::SecurityModule, SecurityModule> {
public:
    explicit SecurityModuleBridge(sdk::SecurityModule& author) noexcept
        : Bridge(author),
          label_(dynamic_cast<sdk::SecurityLabel*>(&author)),
          mounts_(dynamic_cast<sdk::SecurityMounts*>(&author)),
          keyring_(dynamic_cast<sdk::SecurityKeyring*>(&author)),
          listener_(dynamic_cast<sdk::SecurityListener*>(&author)) {}

private:
    void* interface(abi::StringView id) noexcept final {
        if (from_abi(id) == sdk::SecurityLabel::id && label_.available()) return static_cast<abi::SecurityLabel*>(&label_);
        if (from_abi(id) == sdk::SecurityMounts::id && mounts_.available()) return static_cast<abi::SecurityMounts*>(&mounts_);
        if (from_abi(id) == sdk::SecurityKeyring::id && keyring_.available())
            return static_cast<abi::SecurityKeyring*>(&keyring_);
        if (from_abi(id) == sdk::SecurityListener::id && listener_.available())
            return static_cast<abi::SecurityListener*>(&listener_);
        return Bridge::interface(id);
    }
    abi::Status check(const abi::Context* context, bool* wanted, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { *wanted = author_.check(Context(*context)); });
    }
    abi::Status prepare(const abi::Context* context, abi::StringSink* state, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { state->add(to_abi(author_.prepare(Context(*context)))); });
    }
    abi::Status confine(const abi::Context* context, abi::StringView state, int32_t proc_borrowed,
                        abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.confine(Context(*context), from_abi(state), proc_borrowed); });
    }

    SecurityLabelBridge label_;
    SecurityMountsBridge mounts_;
    SecurityKeyringBridge keyring_;
    SecurityListenerBridge listener_;
};

}  // namespace keelson::sdk

#define KEELSON_SECURITY_MODULE(name, type, ...)                                                                         \
    KEELSON_EXPORTED_DESCRIPTOR("lsm", name, ::keelson::abi::SecurityModule, ::keelson::sdk::SecurityModuleBridge, type, \
                                __VA_ARGS__)
