// Base class for a network type. See abi/network.hpp for what each call means and where it runs.
//
//     class Tunnel : public keelson::sdk::Network {
//         void connect(const Context&, const Device&, const Namespaces&, Link&) override;
//         void undo(const Context&, std::string_view record, const Namespaces&) override;
//     };
//     KEELSON_NETWORK("mytunnel", Tunnel, .version = "1.0", .summary = "...");
#pragma once

#include <keelson/abi/network.hpp>
#include <keelson/sdk/plugin.hpp>

namespace keelson::sdk {

/// What a network hands to the kernel, which configures it inside.
class Link {
public:
    explicit Link(abi::LinkSink& sink) noexcept : sink_(sink) {}
    /// The link's present name in the container's namespace.
    void inside(std::string_view name) { sink_.link(to_abi(name)); }
    void on_host(std::string_view name) { sink_.host_link(to_abi(name)); }
    void prefer_name(std::string_view name) { sink_.preferred_name(to_abi(name)); }
    void address(std::string_view cidr) { sink_.address(to_abi(cidr)); }
    void gateway(std::string_view address) { sink_.gateway(to_abi(address)); }
    void resolver(std::string_view address) { sink_.resolver(to_abi(address)); }

private:
    abi::LinkSink& sink_;
};

/// One lxc.net.N; keys of the settings are relative to it.
struct Device {
    uint32_t index;
};

class Network : public Plugin {
public:
    /// abi::NetworkTraits
    virtual uint32_t traits() const noexcept { return 0; }
    virtual void check(const Context&, const Device&) {}
    virtual void prepare(const Context&, const Device&) {}
    virtual void connect(const Context&, const Device&, const Namespaces&, Link&) = 0;
};

class NetworkBridge final : public Bridge<abi::Network, Network> {
public:
    using Bridge::Bridge;

private:
    uint32_t traits() noexcept final { return author_.traits(); }
    abi::Status check(const abi::Context* context, const abi::NetworkDevice* device, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.check(Context(*context), Device{device->index}); });
    }
    abi::Status prepare(const abi::Context* context, const abi::NetworkDevice* device, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.prepare(Context(*context), Device{device->index}); });
    }
    abi::Status connect(const abi::Context* context, const abi::NetworkDevice* device, const abi::NamespaceFds* namespaces,
                        abi::LinkSink* link, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] {
            Link out(*link);
            author_.connect(Context(*context), Device{device->index}, Namespaces(namespaces), out);
        });
    }
};

}  // namespace keelson::sdk

#define KEELSON_NETWORK(name, type, ...) \
    KEELSON_EXPORTED_DESCRIPTOR("net", name, ::keelson::abi::Network, ::keelson::sdk::NetworkBridge, type, __VA_ARGS__)
