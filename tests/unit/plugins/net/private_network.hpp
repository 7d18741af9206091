// A network namespace of the test's own in the place of the host's, and others in the place of containers'.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
#include <keelson/sdk/unique_fd.hpp>
#include <plugins/net/common/host_links.hpp>

#include <string>

namespace keelson::net {

inline UniqueFd present_namespace() { return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }

/// Stays in a namespace for as long as it lives.
class Inside {
public:
    explicit Inside(int net_namespace) : home_(present_namespace()) {
        if (::setns(net_namespace, CLONE_NEWNET) != 0) throw Error::last("setns", {});
    }
    Inside(const Inside&) = delete;
    ~Inside() { ::setns(home_.get(), CLONE_NEWNET); }

private:
    UniqueFd home_;
};

class PrivateNetwork : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
        original_ = present_namespace();
        ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
        run("ip link set lo up");
        host_ = present_namespace();
        container_ = make_namespace();
    }
    void TearDown() override {
        if (original_) {
            ASSERT_EQ(::setns(original_.get(), CLONE_NEWNET), 0);
        }
    }

    static UniqueFd make_namespace() {
        const UniqueFd home = present_namespace();
        if (::unshare(CLONE_NEWNET) != 0) throw Error::last("unshare", {});
        UniqueFd made = present_namespace();
        if (::setns(home.get(), CLONE_NEWNET) != 0) throw Error::last("setns", {});
        return made;
    }

    /// A command in the present namespace, which has to succeed.
    static void run(const std::string& command) { ASSERT_EQ(::system(command.c_str()), 0) << command; }
    static bool works(const std::string& command) { return ::system((command + " >/dev/null 2>&1").c_str()) == 0; }
    static std::string output(const std::string& command) {
        std::string text;
        FILE* pipe = ::popen(command.c_str(), "r");
        for (int c = 0; (c = ::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
        ::pclose(pipe);
        return text;
    }

    /// What there is in the present namespace, but not what follows by itself (carrier, a bridge's own address).
    static std::string snapshot() {
        std::string text;
        for (const LinkFacts& link : HostLinks().list()) {
            text += cat(link.name, " ", link.kind, " mtu ", link.mtu, link.up ? " up" : "", " master ", link.master, " \"",
                        link.alias, "\"");
            for (const std::string& name : link.alternative_names) text += " " + name;
            text += "\n";
        }
        return text + output(
                          "ip -4 -o addr | awk '{print $2, $4}'; ip -4 route | sed 's/ linkdown//'; ip neigh show proxy;"
                          "nft list ruleset; sysctl net.ipv4.ip_forward");
    }

    int container() const { return container_.get(); }
    /// Its last reference: the namespace dies.
    void drop_container() { container_.reset(); }

    UniqueFd original_, host_, container_;
};

}  // namespace keelson::net
