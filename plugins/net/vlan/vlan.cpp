// One VLAN of one of the host's links.
#include <plugins/net/common/upper_link.hpp>

namespace {

using namespace keelson;

/// More can be written, and was always read, but no kernel makes it (IEEE 802.1Q).
constexpr uint32_t highest = 4094;

class Vlan : public net::UpperLink {
public:
    Vlan() : UpperLink({.name = "vlan", .module = "8021q", .prefix = "vlan", .once = true}) {}

private:
    void describe(const sdk::Context& context, const sdk::Device& device, sdk::NetlinkMessage& data) const override {
        const uint32_t id = net::number(context, device, "vlan.id", 0).value_or(0);
        if (id > highest)
            throw Error(EINVAL, net::key_name(device, "vlan.id"), cat("there is no VLAN ", id), cat("0 to ", highest));
        data.number<uint16_t>(IFLA_VLAN_ID, static_cast<uint16_t>(id));
    }
};

}  // namespace

KEELSON_KEYS({"vlan.id", abi::KeyType::number, 0, "0", "0..65535", "number of the VLAN on the link"});
KEELSON_NETWORK("vlan", Vlan, .version = "1.0", .summary = "one VLAN of one of the host's links");
