// A second link on one of the host's that shares its hardware address.
#include <plugins/net/common/upper_link.hpp>

namespace {

using namespace keelson;

uint16_t mode_of(const std::string& word) {
    if (word == "l2") return IPVLAN_MODE_L2;
    return word == "l3s" ? IPVLAN_MODE_L3S : IPVLAN_MODE_L3;
}

uint16_t isolation_of(const std::string& word) {
    if (word == "private") return IPVLAN_F_PRIVATE;
    return word == "vepa" ? IPVLAN_F_VEPA : 0;
}

class Ipvlan : public net::UpperLink {
public:
    Ipvlan() : UpperLink({"ipvlan", "ipvlan", "ip"}) {}

private:
    void check(const sdk::Context& context, const sdk::Device& device) override {
        net::UpperLink::check(context, device);
        if (context.value("l2proxy") == "1" && context.value("ipvlan.mode") != "l3s")
            throw Error(EINVAL, net::key_name(device, "l2proxy"), "the host answers only for an ipvlan of mode l3s",
                        cat("set ", net::key_name(device, "ipvlan.mode"), " = l3s"));
        for (const char* key : {"ipv4.gateway", "ipv6.gateway"})
            if (context.value(key) == "auto")
                throw Error(EINVAL, net::key_name(device, key), "the host's address cannot be the gateway of an ipvlan",
                            "the two do not reach each other; write dev, or the address of a router on the link");
    }

    bool answers_need_routes() const noexcept override { return true; }

    void describe(const sdk::Context& context, const sdk::Device&, sdk::NetlinkMessage& data) const override {
        data.number<uint16_t>(IFLA_IPVLAN_MODE, mode_of(context.value("ipvlan.mode")));
        data.number<uint16_t>(IFLA_IPVLAN_FLAGS, isolation_of(context.value("ipvlan.isolation")));
    }
};

}  // namespace

KEELSON_KEYS({"ipvlan.mode", abi::KeyType::choice, 0, "l3", "l2 l3 l3s",
              "frames are switched (l2), packets routed (l3), or routed past the host's firewall too (l3s)"},
             {"ipvlan.isolation", abi::KeyType::choice, 0, "bridge", "bridge private vepa",
              "who may talk to whom among the ipvlans of a link"});
KEELSON_NETWORK("ipvlan", Ipvlan, .version = "1.0", .summary = "a link on one of the host's that shares its hardware address");
