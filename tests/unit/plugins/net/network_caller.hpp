// Loads a network plugin of the build tree and calls it over the boundary, without the kernel.
#pragma once

#include <dlfcn.h>
#include <keelson/abi/descriptor.hpp>
#include <keelson/abi/network.hpp>
#include <tests/support/fake_plugin_context.hpp>

#include <functional>
#include <string>
#include <vector>

namespace keelson::net {

/// What a plugin handed over.
class Handed final : public abi::LinkSink {
public:
    std::string inside, peer, name, route;
    std::vector<std::string> addresses, resolvers;

private:
    void link(abi::StringView text) noexcept override { inside = sdk::from_abi(text); }
    void host_link(abi::StringView text) noexcept override { peer = sdk::from_abi(text); }
    void preferred_name(abi::StringView text) noexcept override { name = sdk::from_abi(text); }
    void address(abi::StringView text) noexcept override { addresses.emplace_back(sdk::from_abi(text)); }
    void gateway(abi::StringView text) noexcept override { route = sdk::from_abi(text); }
    void resolver(abi::StringView text) noexcept override { resolvers.emplace_back(sdk::from_abi(text)); }
};

/// One container with one device.
class NetworkCaller {
public:
    using Keys = std::vector<std::pair<std::string, std::string>>;

    NetworkCaller(const std::string& plugin, Keys keys, std::string name = "klt")
        : context_(std::move(name)), records(context_.records) {
        void* library = ::dlopen(cat(KEELSON_TEST_PLUGINS "/net/", plugin, ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library) throw Error(0, plugin, ::dlerror());
        auto* descriptor = static_cast<const abi::PluginDescriptor*>(::dlsym(library, KEELSON_PLUGIN_SYMBOL));
        sdk::ErrorCollector errors;
        plugin_ = static_cast<abi::Network*>(descriptor->open(&errors));
        if (!plugin_) errors.check(EINVAL);
        context_.lines = std::move(keys);
        context_.lines.emplace_back("type", plugin);
        context_.on_intend = [this] {
            intents.push_back(records.back());
            on_intend();
        };
    }
    NetworkCaller(const NetworkCaller&) = delete;

    /// Each throws what the plugin reports.
    void check() {
        sdk::ErrorCollector errors;
        errors.check(plugin_->check(&context_.context().raw(), &device_, &errors));
    }
    Handed connect(int net_namespace) {
        Handed handed;
        sdk::ErrorCollector errors;
        const abi::NamespaceFds fds{sizeof fds, -1, -1, -1, net_namespace, -1};
        errors.check(plugin_->connect(&context_.context().raw(), &device_, &fds, &handed, &errors));
        return handed;
    }
    /// Newest record first; -1: the namespace is gone.
    void undo(int net_namespace) {
        const abi::NamespaceFds fds{sizeof fds, -1, -1, -1, net_namespace, -1};
        for (auto record = records.rbegin(); record != records.rend(); ++record) {
            sdk::ErrorCollector errors;
            errors.check(
                plugin_->undo(&context_.context().raw(), sdk::to_abi(*record), net_namespace < 0 ? nullptr : &fds, &errors));
        }
    }

private:
    test::FakePluginContext context_;
    abi::Network* plugin_;
    abi::NetworkDevice device_{sizeof device_, 0};

public:
    std::vector<std::string>& records;  ///< as they stand in the journal now
    std::vector<std::string> intents;   ///< as they were first written
    /// Runs when a record is written, before the change.
    std::function<void()> on_intend = [] {};
};

}  // namespace keelson::net
