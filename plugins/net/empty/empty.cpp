// A network namespace with nothing but the loopback link, which the kernel brings up when lxc.net.N.flags says so.
#include <keelson/sdk/network.hpp>

namespace {

using namespace keelson;

class Empty : public sdk::Network {
    void connect(const sdk::Context&, const sdk::Device&, const sdk::Namespaces&, sdk::Link&) override {}
};

}  // namespace

KEELSON_NETWORK("empty", Empty, .version = "1.0", .summary = "a network namespace with only the loopback link");
