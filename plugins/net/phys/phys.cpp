// One of the host's own links, lent to the container while it runs.
#include "loan.hpp"

#include <plugins/net/common/device.hpp>
#include <plugins/net/common/l2proxy.hpp>
#include <plugins/net/common/ownership.hpp>

namespace {

using namespace keelson;

/// lxc.net.N.link, or, when that ends in "+", the last of the host's links that begin so.
net::LinkFacts lent_link(net::HostLinks& links, const sdk::Context& context, const sdk::Device& device) {
    const std::string wanted = context.value("link");
    if (!wanted.ends_with('+')) return net::required_link(links, context, device);
    const std::string prefix = wanted.substr(0, wanted.size() - 1);
    std::optional<net::LinkFacts> found;
    for (net::LinkFacts& link : links.list())
        if (link.name.starts_with(prefix)) found = std::move(link);
    if (!found)
        throw Error(ENODEV, wanted, "no link on the host begins so",
                    cat("see ip link, and set ", net::key_name(device, "link")));
    return *found;
}

class Phys : public sdk::Network {
    uint32_t traits() const noexcept override {
        return abi::network_needs_link | abi::network_needs_root | abi::network_undo_needs_namespace;
    }

    void check(const sdk::Context& context, const sdk::Device& device) override {
        net::number(context, device, "mtu");
        net::check_name_inside(context, device);
        net::refuse_l2proxy(context, device);
        net::HostLinks links;
        if (lent_link(links, context, device).name == "lo")
            throw Error(EINVAL, "lo", "the loopback link cannot be moved", cat("set ", net::key_name(device, "link")));
    }

    void connect(const sdk::Context& context, const sdk::Device& device, const sdk::Namespaces& namespaces,
                 sdk::Link& link) override {
        net::HostLinks links;
        net::Loan loan = net::Loan::of(lent_link(links, context, device), net::ownership_tag(context));
        const uint64_t record = context.intend(loan.text());
        loan.lend(links, net::number(context, device, "mtu"), namespaces.net());
        context.complete(record, loan.text());
        link.inside(loan.transient_name);
        link.prefer_name(loan.link.name);
    }

    void undo(const sdk::Context&, std::string_view record, const sdk::Namespaces& namespaces) override {
        const net::Loan loan = net::Loan::parse(record);
        net::HostLinks links;
        const bool may_be_inside = namespaces.net() < 0 || loan.fetch(links, namespaces.net());
        loan.restore(links, may_be_inside);
    }
};

}  // namespace

KEELSON_NETWORK("phys", Phys, .version = "1.0", .summary = "one of the host's own links, lent to the container");
