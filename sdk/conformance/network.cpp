// Networks: check, prepare, connect; and that the link is where the plugin says.
#include <conformance/check.hpp>
#include <conformance/subject.hpp>
#include <keelson/abi/network.hpp>

#include <net/if.h>
#include <sched.h>

#include <string>

namespace keelson::conformance {
namespace {

/// What a network hands to the kernel.
class Links final : public abi::LinkSink {
public:
    std::vector<std::string> inside, host, addresses, others;

private:
    void link(abi::StringView name) noexcept override { inside.emplace_back(sdk::from_abi(name)); }
    void host_link(abi::StringView name) noexcept override { host.emplace_back(sdk::from_abi(name)); }
    void preferred_name(abi::StringView name) noexcept override { others.emplace_back(sdk::from_abi(name)); }
    void address(abi::StringView cidr) noexcept override { addresses.emplace_back(sdk::from_abi(cidr)); }
    void gateway(abi::StringView address) noexcept override { others.emplace_back(sdk::from_abi(address)); }
    void resolver(abi::StringView address) noexcept override { others.emplace_back(sdk::from_abi(address)); }
};

constexpr abi::NetworkDevice device{sizeof(abi::NetworkDevice), 0};

class NetworkSubject final : public Subject {
public:
    explicit NetworkSubject(Bench& bench) : network_(bench.as<abi::Network>()) {}

    void apply(TestContainer& container) override {
        links = {};
        must("check", [&](auto* error) { return network_.check(container.context(), &device, error); });
        must("prepare", [&](auto* error) { return network_.prepare(container.context(), &device, error); });
        must("connect", [&](auto* error) {
            return network_.connect(container.context(), &device, container.namespaces(), &links, error);
        });
    }

    Links links;

private:
    abi::Network& network_;
};

void expect_link(const std::string& name, bool there, const char* where) {
    if ((::if_nametoindex(name.c_str()) != 0) == there) return;
    throw Failure(cat("link '", name, "' is ", there ? "not " : "still ", where));
}

void link_is_inside(Bench& bench) {
    NetworkSubject subject(bench);
    TestContainer& container = bench.container();
    const bool hosts = bench.as<abi::Network>().traits() & abi::network_host_namespace;
    subject.apply(container);
    if (hosts && !subject.links.inside.empty()) throw Failure("hands over a link although it shares the host's network");
    if (subject.links.inside.size() > 1) throw Failure("hands over more than one link for one device");
    for (const std::string& name : subject.links.host) expect_link(name, true, "on the host");
    std::string words;
    const int status = in_child(
        [&] {
            if (::setns(container.namespaces()->net_borrowed, CLONE_NEWNET) != 0) throw Error::last("enter", "the network");
            for (const std::string& name : subject.links.inside) expect_link(name, true, "in the container's network");
        },
        &words);
    bench.undo(container);
    if (status != 0) throw Failure(words);
}

void check_changes_nothing(Bench& bench) {
    TestContainer& container = bench.container();
    const Snapshot before = bench.snapshot();
    sdk::ErrorCollector ignored;
    bench.as<abi::Network>().check(container.context(), &device, &ignored);
    bench.expect_unchanged(before, "check");
    if (!container.journal().records().empty()) throw Failure("check writes a record");
}

void missing_link(Bench& bench) {
    if (!(bench.as<abi::Network>().traits() & abi::network_needs_link)) throw Skipped("the plugin needs no link");
    constexpr const char* missing = "klt-missing0";
    NetworkSubject subject(bench);
    TestContainer& container = bench.container(7, {{"link", missing}});
    const std::string text = in_full(must_fail("a start with a link that is not there", [&] { subject.apply(container); }));
    bench.undo(container);
    if (text.find(missing) == std::string::npos) throw Failure(cat("does not name the missing link: ", text));
}

constexpr Check table[] = {
    {"net.check", "net", "check changes nothing", check_changes_nothing},
    {"net.link", "net", "links are where the plugin says", link_is_inside},
    {"net.missing-link", "net", "a missing link is named", missing_link},
};

}  // namespace

std::unique_ptr<Subject> make_network(Bench& bench) { return std::make_unique<NetworkSubject>(bench); }
std::span<const Check> network_checks() { return table; }

}  // namespace keelson::conformance
