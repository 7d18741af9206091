// @name@: gives the container a tunnel device, whose far end is the program that opens it there (tuntap in the kernel's
// Documentation/networking).
#include <keelson/sdk/network.hpp>
#include <keelson/sdk/unique_fd.hpp>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

namespace {

using namespace keelson;
using namespace keelson::sdk;

/// The calling thread in another network namespace, until it goes out of scope.
class InNetwork {
public:
    explicit InNetwork(int netns) : home_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
        if (!home_ || ::setns(netns, CLONE_NEWNET) != 0) throw Error::last("enter", "the container's network");
    }
    ~InNetwork() { ::setns(home_.get(), CLONE_NEWNET); }

private:
    UniqueFd home_;
};

class @Class@ : public Network {
public:
    uint32_t traits() const noexcept override { return abi::network_needs_root; }

    /// Changes nothing: is it possible at all?
    void check(const Context&, const Device&) override {
        if (::access("/dev/net/tun", R_OK | W_OK) != 0)
            throw Error::last("open", "/dev/net/tun", "load the module tun: modprobe tun");
    }

    /// The device is made in the container's namespace and goes with it, so there is nothing to undo. For a change to the
    /// host, context.intend("record") comes first, and undo() takes it back.
    void connect(const Context& context, const Device& device, const Namespaces& namespaces, Link& link) override {
        const InNetwork inside(namespaces.net());
        const UniqueFd tunnel(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
        if (!tunnel) throw Error::last("open", "/dev/net/tun");
        ifreq request{};
        const std::string name = cat("tun", device.index);
        name.copy(request.ifr_name, sizeof request.ifr_name - 1);
        request.ifr_flags = context.value("@name@.mode") == "ethernet" ? IFF_TAP | IFF_NO_PI : IFF_TUN | IFF_NO_PI;
        if (::ioctl(tunnel.get(), TUNSETIFF, &request) != 0) throw Error::last("make tunnel", name);
        if (::ioctl(tunnel.get(), TUNSETPERSIST, 1) != 0) throw Error::last("keep tunnel", name);
        link.inside(name);
    }

    void undo(const Context&, std::string_view record, const Namespaces&) override {
        throw Error(EINVAL, std::string(record), "@name@ writes no such record as");
    }
};

KEELSON_NETWORK("@name@", @Class@, .version = "0.1", .summary = "a tunnel device");
KEELSON_KEYS({"@name@.mode", abi::KeyType::choice, 0, "ip", "ip ethernet", "what the tunnel carries: IP packets or frames"});

}  // namespace
