#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/container/actors.hpp>

#include <algorithm>

namespace keelson::container {
namespace {

plugins::PluginHost& host() { return plugins::PluginHost::instance(); }

class LinkCollector final : public abi::LinkSink {
public:
    explicit LinkCollector(network::HandedLink& link) : link_(link) {}
    void link(abi::StringView name) noexcept override { link_.name_inside = sdk::from_abi(name); }
    void host_link(abi::StringView name) noexcept override { link_.host_link = sdk::from_abi(name); }
    void preferred_name(abi::StringView name) noexcept override { link_.preferred_name = sdk::from_abi(name); }
    void address(abi::StringView cidr) noexcept override { link_.addresses.emplace_back(sdk::from_abi(cidr)); }
    void gateway(abi::StringView address) noexcept override { link_.gateway = sdk::from_abi(address); }
    void resolver(abi::StringView address) noexcept override { link_.resolvers.emplace_back(sdk::from_abi(address)); }

private:
    network::HandedLink& link_;
};

}  // namespace

Actors::Actors(const Facts& facts, const config::Config& config)
    : storage(facts, config),
      confinement(facts, config),
      stage_hooks(facts, config),
      cgroup(facts, config),
      facts_(facts),
      config_(config) {
    choose_networks();
}

void Actors::choose_networks() {
    for (const unsigned index : config_.network_devices()) {
        const std::string type = config_.get_or_default(cat("lxc.net.", index, ".type"));
        NetworkChoice choice{index, type, nullptr, {}};
        try {
            choice.plugin = &host().load("net", type);
        } catch (Error& error) {
            throw error.at(cat("lxc.net.", index, ".type"));
        }
        choice.link.index = index;
        choice.link.type = type;
        networks.push_back(std::move(choice));
    }
}

bool Actors::host_network() const { return !networks.empty() && std::ranges::all_of(networks, &NetworkChoice::shares_host); }

void Actors::check() {
    if (storage.available()) storage.check();
    for (NetworkChoice& n : networks) {
        abi::Network& plugin = n.plugin->as<abi::Network>();
        const uint32_t traits = plugin.traits();
        const std::string object = cat("lxc.net.", n.index);
        if ((traits & abi::network_needs_root) != 0 && facts_.raw().ordinary_user != 0) {
            throw Error(EPERM, object, cat("a network of type ", n.type, " needs root"),
                        "use lxc.net.N.type = empty, or start the container as root");
        }
        if ((traits & abi::network_needs_link) != 0 && !config_.is_set(n.prefix() + "link")) {
            throw Error(EINVAL, object, cat("a network of type ", n.type, " needs a link"),
                        cat("set ", n.prefix(), "link to an interface of the host"));
        }
        const CallContext context(facts_, config_, *n.plugin, nullptr, n.prefix());
        const abi::NetworkDevice device{sizeof device, n.index};
        plugins::call(*n.plugin, [&](abi::ErrorSink* e) { return plugin.check(context.raw(), &device, e); });
    }
    confinement.check();
}

void Actors::prepare_network(NetworkChoice& network) {
    const CallContext context(facts_, config_, *network.plugin, journal_, network.prefix());
    const abi::NetworkDevice device{sizeof device, network.index};
    plugins::call(*network.plugin,
                  [&](abi::ErrorSink* e) { return network.plugin->as<abi::Network>().prepare(context.raw(), &device, e); });
}

void Actors::connect_network(NetworkChoice& network, const process::NamespaceSet& namespaces) {
    const CallContext context(facts_, config_, *network.plugin, journal_, network.prefix());
    const abi::NetworkDevice device{sizeof device, network.index};
    const abi::NamespaceFds fds = namespaces.fds();
    LinkCollector link(network.link);
    plugins::call(*network.plugin, [&](abi::ErrorSink* e) {
        return network.plugin->as<abi::Network>().connect(context.raw(), &device, &fds, &link, e);
    });
}

void Actors::attach_journal(lifecycle::Journal* journal) {
    journal_ = journal;
    storage.attach_journal(journal);
    stage_hooks.attach_journal(journal);
}

}  // namespace keelson::container
