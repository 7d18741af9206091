// The container stays in the host's network namespace.
#include <keelson/sdk/network.hpp>

namespace {

using namespace keelson;

class None : public sdk::Network {
    uint32_t traits() const noexcept override { return abi::network_host_namespace; }
    void connect(const sdk::Context&, const sdk::Device&, const sdk::Namespaces&, sdk::Link&) override {}
};

}  // namespace

KEELSON_NETWORK("none", None, .version = "1.0", .summary = "the host's own network, unconfined");
