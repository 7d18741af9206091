#include "network_caller.hpp"
#include "private_network.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <keelson/sdk/address.hpp>

#include <set>

namespace keelson::net {
namespace {

using Keys = NetworkCaller::Keys;

sockaddr_in endpoint(const std::string& address, uint16_t port) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &place.sin_addr);
    return place;
}

std::string text_of(const sockaddr_in& place) {
    char buffer[INET_ADDRSTRLEN];
    return ::inet_ntop(AF_INET, &place.sin_addr, buffer, sizeof buffer);
}

bool readable(int fd) {
    pollfd wait{fd, POLLIN, 0};
    return ::poll(&wait, 1, 3000) == 1;
}

/// A socket belongs to the namespace in which it was made.
UniqueFd listener(int net_namespace, int type, const std::string& address) {
    const Inside there(net_namespace);
    UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const sockaddr_in place = endpoint(address, 7777);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) throw Error::last("bind", address);
    if (type == SOCK_STREAM) ::listen(socket.get(), 1);
    return socket;
}

UniqueFd client(int net_namespace, int type, const std::string& to) {
    const Inside there(net_namespace);
    UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const sockaddr_in place = endpoint(to, 7777);
    const timeval limit{3, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) throw Error::last("connect", to);
    return socket;
}

/// Host 198.51.100.2 with an uplink of mtu 1400 to 198.51.100.1, which knows no route to any container.
class Nat : public PrivateNetwork {
protected:
    void SetUp() override {
        PrivateNetwork::SetUp();
        if (IsSkipped()) return;
        outside_ = make_namespace();
        run("ip link add kltup mtu 1400 type veth peer name kltout mtu 1400 && ip link set kltup up");
        run("ip addr add 198.51.100.2/24 dev kltup");
        HostLinks links;
        links.netlink().request(
            link_message(RTM_SETLINK, 0, links.index_of("kltout")).number<int32_t>(IFLA_NET_NS_FD, outside_.get()), "move",
            "kltout");
        {
            const Inside there(outside_.get());
            run("ip link set lo up; ip link set kltout up; ip addr add 198.51.100.1/24 dev kltout");
        }
        run("ip route add default via 198.51.100.1");
        before_ = snapshot();
    }

    /// As the kernel does inside.
    void configure(int net_namespace, const Handed& handed, const std::string& fixed = {}) {
        const Inside there(net_namespace);
        run("ip link set lo up; ip link set " + handed.inside + " name eth0 up");
        for (const std::string& address : handed.addresses) run(cat("ip addr add ", address, " dev eth0"));
        if (!fixed.empty()) run(cat("ip addr add ", fixed, " dev eth0"));
        run(cat("ip route add default via ", handed.route));
    }

    static std::string address_of(const Handed& handed) {
        return handed.addresses.at(0).substr(0, handed.addresses.at(0).find('/'));
    }

    UniqueFd outside_;
    std::string before_;
};

TEST_F(Nat, GivesAddressAndRoute) {
    NetworkCaller nat("nat", {});
    nat.check();
    const Handed handed = nat.connect(container());
    ASSERT_EQ(handed.addresses.size(), 1U);
    EXPECT_TRUE(handed.addresses[0].starts_with("10.93.0.")) << handed.addresses[0];
    EXPECT_TRUE(handed.addresses[0].ends_with("/24"));
    EXPECT_EQ(handed.route, "10.93.0.1");
    HostLinks host;
    EXPECT_EQ(host.find("keelson0")->mtu, 1400U);
    EXPECT_EQ(host.find(handed.peer)->mtu, 1400U);
    EXPECT_EQ(host.find(handed.peer)->alias, cat("keelson:/klt/klt ", address_of(handed)));
    EXPECT_EQ(HostLinks(container()).find(handed.inside)->mtu, 1400U);
}

TEST_F(Nat, TcpAndUdpReachTheOutsideWithTheHostsAddress) {
    NetworkCaller nat("nat", {});
    configure(container(), nat.connect(container()));
    const UniqueFd server = listener(outside_.get(), SOCK_STREAM, "198.51.100.1");
    const UniqueFd connection = client(container(), SOCK_STREAM, "198.51.100.1");
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const UniqueFd accepted(::accept(server.get(), reinterpret_cast<sockaddr*>(&from), &size));
    EXPECT_EQ(text_of(from), "198.51.100.2");
    ASSERT_EQ(::send(accepted.get(), "hello", 5, 0), 5);
    char buffer[16];
    ASSERT_TRUE(readable(connection.get()));
    EXPECT_EQ(::recv(connection.get(), buffer, sizeof buffer, 0), 5);

    const UniqueFd datagrams = listener(outside_.get(), SOCK_DGRAM, "198.51.100.1");
    const UniqueFd question = client(container(), SOCK_DGRAM, "198.51.100.1");
    ASSERT_EQ(::send(question.get(), "who", 3, 0), 3);
    ASSERT_TRUE(readable(datagrams.get()));
    EXPECT_EQ(::recvfrom(datagrams.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size), 3);
    EXPECT_EQ(text_of(from), "198.51.100.2");
    ::sendto(datagrams.get(), "you", 3, 0, reinterpret_cast<sockaddr*>(&from), size);
    EXPECT_TRUE(readable(question.get())) << "the answer comes back";
}

TEST_F(Nat, ContainersSeeEachOthersOwnAddress) {
    const UniqueFd second = make_namespace();
    NetworkCaller one("nat", {}, "klt1"), two("nat", {}, "klt2");
    const Handed first = one.connect(container());
    configure(container(), first);
    const Handed other = two.connect(second.get());
    configure(second.get(), other);
    const UniqueFd server = listener(second.get(), SOCK_STREAM, address_of(other));
    const UniqueFd connection = client(container(), SOCK_STREAM, address_of(other));
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const UniqueFd accepted(::accept(server.get(), reinterpret_cast<sockaddr*>(&from), &size));
    EXPECT_EQ(text_of(from), address_of(first));
}

TEST_F(Nat, UndoLeavesTheHostAsItWasAndMayRepeat) {
    NetworkCaller nat("nat", {});
    nat.connect(container());
    EXPECT_EQ(output("cat /proc/sys/net/ipv4/ip_forward"), "1\n");
    EXPECT_NE(output("nft list ruleset").find("masquerade"), std::string::npos);
    nat.undo(container());
    EXPECT_EQ(snapshot(), before_);
    nat.undo(container());
    nat.undo(-1);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, DyingNamespaceLeavesNothing) {
    NetworkCaller nat("nat", {});
    nat.connect(container());
    drop_container();
    nat.undo(-1);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, RecordIsWrittenBeforeAnythingIsMade) {
    NetworkCaller nat("nat", {});
    bool untouched = false;
    nat.on_intend = [&] { untouched = snapshot() == before_; };
    nat.connect(container());
    EXPECT_TRUE(untouched);
}

TEST_F(Nat, TheLastContainerTakesTheBridgeAway) {
    const UniqueFd second = make_namespace();
    NetworkCaller one("nat", {}, "klt1"), two("nat", {}, "klt2");
    const Handed first = one.connect(container()), other = two.connect(second.get());
    EXPECT_NE(address_of(first), address_of(other));
    one.undo(container());
    EXPECT_NE(HostLinks().index_of("keelson0"), 0U);
    EXPECT_NE(HostLinks().index_of(other.peer), 0U);
    EXPECT_EQ(HostLinks().index_of(first.peer), 0U);
    two.undo(second.get());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, TheSameContainerGetsTheSameAddressAndHardwareAddress) {
    NetworkCaller nat("nat", {});
    const Handed first = nat.connect(container());
    const HardwareAddress hardware = HostLinks(container()).find(first.inside)->address;
    nat.undo(container());
    nat.records.clear();
    const Handed again = nat.connect(container());
    EXPECT_EQ(again.addresses, first.addresses);
    EXPECT_EQ(HostLinks(container()).find(again.inside)->address, hardware);
}

TEST_F(Nat, ManyStartsAtOnceGetAnAddressEach) {
    constexpr int count = 8;
    int results[2];
    ASSERT_EQ(::pipe(results), 0);
    for (int i = 0; i < count; ++i) {
        if (::fork() != 0) continue;
        const UniqueFd own = make_namespace();
        NetworkCaller nat("nat", {}, cat("klt", i));
        const std::string line = nat.connect(own.get()).addresses.at(0) + "\n";
        ::write(results[1], line.data(), line.size());
        nat.undo(own.get());
        ::_exit(0);
    }
    ::close(results[1]);
    for (int i = 0; i < count; ++i) {
        int status = 0;
        ::wait(&status);
        EXPECT_EQ(status, 0);
    }
    std::string text(4096, '\0');
    text.resize(static_cast<size_t>(::read(results[0], text.data(), text.size())));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), count);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, ForwardingThatWasOnStaysOn) {
    run("echo 1 > /proc/sys/net/ipv4/ip_forward");
    const std::string before = snapshot();
    NetworkCaller nat("nat", {});
    nat.connect(container());
    nat.undo(container());
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Nat, TheLastOfTwoBridgesTakesForwardingBack) {
    const UniqueFd second = make_namespace();
    NetworkCaller one("nat", {}, "klt1"), two("nat", {{"nat.bridge", "kltnat1"}, {"nat.subnet", "10.94.0.0/24"}}, "klt2");
    one.connect(container());
    two.connect(second.get());
    one.undo(container());
    EXPECT_EQ(output("cat /proc/sys/net/ipv4/ip_forward"), "1\n");
    EXPECT_EQ(output("nft list ruleset").find("10.93.0.0/24"), std::string::npos);
    EXPECT_NE(output("nft list ruleset").find("10.94.0.0/24"), std::string::npos);
    two.undo(second.get());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, ABridgeThatSomebodyRemovedLeavesNothing) {
    NetworkCaller nat("nat", {});
    nat.connect(container());
    run("ip link del keelson0");
    nat.undo(container());
    EXPECT_EQ(snapshot(), before_);
    run("echo 1 > /proc/sys/net/ipv4/ip_forward");
    nat.undo(container());
    EXPECT_EQ(output("cat /proc/sys/net/ipv4/ip_forward"), "1\n");
}

TEST_F(Nat, ABridgeThatSomebodyRemovedLeavesForwardingToTheNextOne) {
    const UniqueFd second = make_namespace();
    NetworkCaller one("nat", {}, "klt1"), two("nat", {}, "klt2");
    one.connect(container());
    run("ip link del keelson0");
    two.connect(second.get());
    one.undo(container());
    EXPECT_EQ(output("cat /proc/sys/net/ipv4/ip_forward"), "1\n");
    two.undo(second.get());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, ABridgeThatSomebodyRenamedIsTakenAway) {
    NetworkCaller nat("nat", {});
    nat.connect(container());
    run("ip link set keelson0 down; ip link set keelson0 name kltnat1");
    nat.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, ForeignLinkOfTheBridgesNameStaysUntouched) {
    run("ip link add keelson0 type bridge");
    const std::string before = snapshot();
    NetworkCaller nat("nat", {});
    EXPECT_THROW(nat.check(), Error);
    try {
        nat.connect(container());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.object(), "keelson0");
        EXPECT_NE(error.hint().find("nat.bridge"), std::string::npos);
    }
    nat.undo(container());
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Nat, ForeignRulesStay) {
    run("nft add table ip klt && nft 'add chain ip klt c { type filter hook forward priority 0; }'");
    const std::string before = snapshot();
    NetworkCaller nat("nat", {});
    nat.connect(container());
    nat.undo(container());
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Nat, WhatADeadProcessBeganIsTakenBack) {
    NetworkCaller nat("nat", {});
    nat.records = {"keelson0 vethKLTxyz"};
    run("ip link add keelson0 address 02:4b:0a:5d:00:01 type bridge");
    nat.undo(-1);
    EXPECT_EQ(snapshot(), before_);
    run("ip link add keelson0 address 02:4b:0a:5d:00:01 type bridge");
    run("ip link set keelson0 alias 'keelson:nat 10.93.0.0/24 forward=0'; echo 1 > /proc/sys/net/ipv4/ip_forward");
    nat.undo(-1);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, WhatADeadProcessBeganIsFinishedByTheNextStart) {
    run("ip link add keelson0 mtu 1400 address 02:4b:0a:5d:00:01 type bridge");
    NetworkCaller nat("nat", {});
    configure(container(), nat.connect(container()));
    const UniqueFd server = listener(outside_.get(), SOCK_STREAM, "198.51.100.1");
    client(container(), SOCK_STREAM, "198.51.100.1");
    nat.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, ConfiguredAddressIsTakenIntoAccount) {
    const UniqueFd second = make_namespace();
    NetworkCaller one("nat", {{"ipv4.address", "10.93.0.200/24"}}, "klt1");
    const Handed handed = one.connect(container());
    EXPECT_TRUE(handed.addresses.empty());
    EXPECT_EQ(handed.route, "10.93.0.1");
    NetworkCaller two("nat", {{"ipv4.address", "10.93.0.200/24"}}, "klt2");
    EXPECT_THROW(two.connect(second.get()), Error);
    NetworkCaller three("nat", {{"ipv4.address", "10.99.0.200/24"}}, "klt3");
    EXPECT_THROW(three.connect(second.get()), Error);
    two.undo(second.get());
    three.undo(second.get());
    EXPECT_NE(HostLinks().index_of("keelson0"), 0U);
    one.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, SubnetKeepsAwayFromRoutesOfTheHost) {
    run("ip route add 10.93.0.0/16 via 198.51.100.1");
    NetworkCaller nat("nat", {});
    EXPECT_EQ(nat.connect(container()).route, "10.193.93.1");
}

/// What starting with this subnet says, and leaves no trace of; empty: it starts.
std::string refusal(NetworkCaller& nat, int net_namespace) {
    try {
        nat.connect(net_namespace);
        return {};
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), EADDRINUSE) << error.what();
        EXPECT_NE(error.hint().find("lxc.net.N.nat."), std::string::npos) << error.hint();
        return error.what();
    }
}

TEST_F(Nat, GivenSubnetHasToKeepAwayFromTheHostsRoutesToo) {
    run("ip route add 10.93.7.0/25 via 198.51.100.1; ip route add 10.64.0.0/10 via 198.51.100.1; ip address add 10.99.9.9/32 "
        "dev lo");
    const std::string before = snapshot();
    const std::pair<const char*, const char*> taken[] = {{"198.51.100.128/25", "198.51.100.0/24 over kltup"},
                                                         {"198.51.0.0/16", "198.51.100.0/24 over kltup"},
                                                         {"10.93.7.0/24", "10.93.7.0/25 over kltup"},
                                                         {"10.99.9.0/24", "10.99.9.9/32 over lo"}};
    for (const auto& [subnet, route] : taken) {
        NetworkCaller nat("nat", {{"nat.subnet", subnet}});
        const std::string said = refusal(nat, container());
        EXPECT_NE(said.find(route), std::string::npos) << subnet << ": " << said;
        nat.undo(container());
        EXPECT_EQ(snapshot(), before) << subnet;
    }
    NetworkCaller part("nat", {{"nat.subnet", "10.94.0.0/24"}});
    EXPECT_EQ(refusal(part, container()), "") << "a part of what is behind a router";
    part.undo(container());
    EXPECT_EQ(snapshot(), before);
}

TEST_F(Nat, TwoBridgesDoNotShareASubnet) {
    const UniqueFd second = make_namespace();
    NetworkCaller one("nat", {{"nat.bridge", "kltnat1"}, {"nat.subnet", "10.94.0.0/24"}}, "klt1");
    NetworkCaller two("nat", {{"nat.bridge", "kltnat2"}, {"nat.subnet", "10.94.0.0/23"}}, "klt2");
    one.connect(container());
    for (const char* state : {"up", "down"}) {
        run(cat("ip link set kltnat1 ", state));
        const std::string running = snapshot();
        const std::string said = refusal(two, second.get());
        EXPECT_NE(said.find("bridge kltnat1 has 10.94.0.0/24"), std::string::npos) << state << ": " << said;
        two.undo(second.get());
        EXPECT_EQ(snapshot(), running) << state;
    }
    one.undo(container());
    two.records.clear();
    EXPECT_EQ(refusal(two, second.get()), "");
    two.undo(second.get());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, WhatADeadProcessBeganIsNotInItsOwnWay) {
    const Keys keys = {{"nat.bridge", "kltnat1"}, {"nat.subnet", "10.94.0.0/24"}};
    for (const char* marked : {"", "alias 'keelson:nat 10.94.0.0/24 forward=0'"}) {
        run(cat("ip link add kltnat1 mtu 1400 address 02:4b:0a:5e:00:01 type bridge; ip link set kltnat1 up ", marked));
        run(cat("ip address add 10.94.0.1/24 dev kltnat1; ip link set kltnat1 ", *marked == '\0' ? "up" : "down"));
        NetworkCaller nat("nat", keys);
        EXPECT_EQ(refusal(nat, container()), "") << marked;
        nat.undo(container());
        EXPECT_EQ(snapshot(), before_) << marked;
    }
    run("ip link add kltnat1 address 02:4b:0a:5e:00:01 type bridge; ip link set kltnat1 alias 'keelson:nat 10.95.0.0/24'");
    NetworkCaller nat("nat", keys);
    EXPECT_NE(refusal(nat, container()).find("10.95.0.0/24"), std::string::npos) << "the subnet of the one that was begun";
    nat.undo(container());
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, NameServersCanBeSet) {
    NetworkCaller nat("nat", {{"nat.resolver", "192.0.2.53"}, {"nat.resolver", "192.0.2.54"}});
    EXPECT_EQ(nat.connect(container()).resolvers, (std::vector<std::string>{"192.0.2.53", "192.0.2.54"}));
    EXPECT_THROW(NetworkCaller("nat", {{"nat.resolver", "x"}}).check(), Error);
}

TEST_F(Nat, FlushedRulesComeBackWithTheNextContainer) {
    const UniqueFd second = make_namespace(), third = make_namespace();
    NetworkCaller one("nat", {}, "klt1"), two("nat", {}, "klt2");
    NetworkCaller other("nat", {{"nat.bridge", "kltnat1"}, {"nat.subnet", "10.94.0.0/24"}}, "klt3");
    one.connect(container());
    other.connect(third.get());
    const std::string rules = output("nft list ruleset");
    for (const char* flush : {"nft flush ruleset", "nft 'delete element inet keelson subnets { 10.93.0.0/24 }'"}) {
        run(flush);
        two.connect(second.get());
        EXPECT_NE(output("nft list ruleset").find("10.93.0.0/24"), std::string::npos) << flush;
        EXPECT_NE(output("nft list ruleset").find("masquerade"), std::string::npos) << flush;
        two.undo(second.get());
        two.records.clear();
    }
    NetworkCaller again("nat", {{"nat.bridge", "kltnat1"}, {"nat.subnet", "10.94.0.0/24"}}, "klt4");
    again.connect(second.get());
    EXPECT_EQ(output("nft list ruleset"), rules);
    for (NetworkCaller* nat : {&one, &other, &again}) nat->undo(-1);
    EXPECT_EQ(snapshot(), before_);
}

TEST_F(Nat, PresentRulesAreNotLoadedAgain) {
    const UniqueFd second = make_namespace();
    NetworkCaller one("nat", {}, "klt1"), two("nat", {}, "klt2");
    one.connect(container());
    const std::string rules = output("nft -a list ruleset");
    two.connect(second.get());
    EXPECT_EQ(output("nft -a list ruleset"), rules) << "rules that are made anew get new handles";
}

TEST_F(Nat, BadSubnetIsRefusedBeforeAnythingIsTouched) {
    EXPECT_THROW(NetworkCaller("nat", {{"nat.subnet", "10.0.0.0/30"}}).check(), Error);
    EXPECT_THROW(NetworkCaller("nat", {{"nat.subnet", "ten"}}).check(), Error);
    EXPECT_EQ(snapshot(), before_);
}

}  // namespace
}  // namespace keelson::net
