// A second link with its own hardware address on one of the host's.
#include <plugins/net/common/upper_link.hpp>

namespace {

using namespace keelson;

uint32_t mode_of(const std::string& word) {
    if (word == "vepa") return MACVLAN_MODE_VEPA;
    if (word == "bridge") return MACVLAN_MODE_BRIDGE;
    return word == "passthru" ? MACVLAN_MODE_PASSTHRU : MACVLAN_MODE_PRIVATE;
}

class Macvlan : public net::UpperLink {
public:
    Macvlan() : UpperLink({"macvlan", "macvlan", "mc"}) {}

private:
    void describe(const sdk::Context& context, const sdk::Device&, sdk::NetlinkMessage& data) const override {
        data.number<uint32_t>(IFLA_MACVLAN_MODE, mode_of(context.value("macvlan.mode")));
    }
};

}  // namespace

KEELSON_KEYS({"macvlan.mode", abi::KeyType::choice, 0, "private", "private vepa bridge passthru",
              "who may talk to whom among the macvlans of a link"});
KEELSON_NETWORK("macvlan", Macvlan, .version = "1.0", .summary = "a link of its own on one of the host's");
