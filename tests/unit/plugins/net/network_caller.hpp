// Loads a network plugin of the build tree and calls it over the boundary, without the kernel.
#pragma once

#include <dlfcn.h>
#include <keelson/abi/descriptor.hpp>
#include <keelson/abi/network.hpp>
#include <keelson/sdk/context.hpp>

#include <functional>
#include <map>
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
    using Keys = std::multimap<std::string, std::string>;

    NetworkCaller(const std::string& plugin, Keys keys, std::string name = "klt") : name_(std::move(name)) {
        void* library = ::dlopen(cat(KEELSON_TEST_PLUGINS "/net/", plugin, ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library) throw Error(0, plugin, ::dlerror());
        auto* descriptor = static_cast<const abi::PluginDescriptor*>(::dlsym(library, KEELSON_PLUGIN_SYMBOL));
        sdk::ErrorCollector errors;
        plugin_ = static_cast<abi::Network*>(descriptor->open(&errors));
        if (!plugin_) errors.check(EINVAL);
        settings_.keys = std::move(keys);
        settings_.keys.emplace("type", plugin);
    }

    uint32_t traits() { return plugin_->traits(); }
    /// Each throws what the plugin reports.
    void check() {
        sdk::ErrorCollector errors;
        errors.check(with([&](const abi::Context* c) { return plugin_->check(c, &device_, &errors); }));
    }
    Handed connect(int net_namespace) {
        Handed handed;
        sdk::ErrorCollector errors;
        const abi::NamespaceFds fds{sizeof fds, -1, -1, -1, net_namespace, -1};
        errors.check(with([&](const abi::Context* c) { return plugin_->connect(c, &device_, &fds, &handed, &errors); }));
        return handed;
    }
    /// Newest record first; -1: the namespace is gone.
    void undo(int net_namespace) {
        const abi::NamespaceFds fds{sizeof fds, -1, -1, -1, net_namespace, -1};
        for (auto record = records.rbegin(); record != records.rend(); ++record) {
            sdk::ErrorCollector errors;
            errors.check(with([&](const abi::Context* c) {
                return plugin_->undo(c, sdk::to_abi(*record), net_namespace < 0 ? nullptr : &fds, &errors);
            }));
        }
    }

    std::vector<std::string> records;
    std::vector<std::string> intents;
    std::vector<std::string> log;
    /// Runs when a record is written, before the change.
    std::function<void()> on_intend = [] {};

private:
    struct Settings final : abi::Settings {
        Keys keys;
        uint64_t count(abi::StringView key) const noexcept override { return keys.count(std::string(sdk::from_abi(key))); }
        abi::StringView value(abi::StringView key, uint64_t index) const noexcept override {
            const auto [begin, end] = keys.equal_range(std::string(sdk::from_abi(key)));
            if (begin == end) return {"", 0};
            return sdk::to_abi(std::next(begin, static_cast<std::ptrdiff_t>(index))->second);
        }
    };
    struct Journal final : abi::Records, abi::Log {
        explicit Journal(NetworkCaller& owner) : caller(owner) {}
        abi::Status intend(abi::StringView text, uint64_t* id, abi::ErrorSink*) noexcept override {
            *id = caller.records.size();
            caller.records.emplace_back(sdk::from_abi(text));
            caller.intents.emplace_back(sdk::from_abi(text));
            caller.on_intend();
            return 0;
        }
        abi::Status complete(uint64_t id, abi::StringView text, abi::ErrorSink*) noexcept override {
            if (text.size != 0) caller.records[id] = sdk::from_abi(text);
            return 0;
        }
        void write(abi::LogLevel, abi::StringView text) noexcept override { caller.log.emplace_back(sdk::from_abi(text)); }
        NetworkCaller& caller;
    };

    abi::Status with(const std::function<abi::Status(const abi::Context*)>& body) {
        abi::ContainerFacts facts{};
        facts.size = sizeof facts;
        facts.name = sdk::to_abi(name_);
        facts.lxcpath = sdk::to_abi("/klt/lxc");
        const abi::Context context{sizeof context, 0, &facts, &settings_, &journal_, &journal_};
        return body(&context);
    }

    std::string name_;
    abi::Network* plugin_;
    abi::NetworkDevice device_{sizeof device_, 0};
    Settings settings_;
    Journal journal_{*this};
};

}  // namespace keelson::net
