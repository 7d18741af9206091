// An SELinux context for the container's processes.
#include <fcntl.h>
#include <unistd.h>
#include <keelson/sdk/security_module.hpp>
#include <keelson/sdk/unique_fd.hpp>

namespace {

using namespace keelson;
using sdk::Context;

constexpr const char* validator = "/sys/fs/selinux/context";

/// The policy tells by taking it or not (Documentation of selinuxfs: libselinux's security_check_context(3) does the same).
void require_known(const std::string& label) {
    const UniqueFd file(::open(validator, O_RDWR | O_CLOEXEC));
    if (!file) throw Error::last("open", validator);
    if (::write(file.get(), label.c_str(), label.size() + 1) >= 0) return;
    throw Error::last("the loaded SELinux policy does not have the context", label,
                      "seinfo(1) and sesearch(1) show what it has");
}

class SELinux final : public sdk::SecurityModule, public sdk::SecurityLabel {
public:
    bool check(const Context& context) override {
        if (context.is_set("lxc.selinux.context.keyring")) {
            throw Error(ENOTSUP, "lxc.selinux.context.keyring", "a context of its own for the keyring cannot be given",
                        "remove the line");
        }
        const std::string label = context.value("lxc.selinux.context");
        if (label.empty() || label == "unconfined_t") return false;
        if (::access(validator, F_OK) != 0) {
            context.warn("lxc.selinux.context does nothing: SELinux is off on this host");
            return false;
        }
        require_known(label);
        return true;
    }

    std::string prepare(const Context& context) override { return context.value("lxc.selinux.context"); }

    std::string state_of(std::string_view label) override {
        require_known(std::string(label));
        return std::string(label);
    }

    /// Takes effect at exec, as a change of the running process would need rules that policies do not have.
    void confine(const Context&, std::string_view state, int proc_borrowed) override {
        const UniqueFd door(::openat(proc_borrowed, "self/attr/exec", O_WRONLY | O_CLOEXEC));
        if (!door) throw Error::last("open attr/exec for the SELinux context", std::string(state));
        if (::write(door.get(), state.data(), state.size()) == static_cast<ssize_t>(state.size())) return;
        throw Error::last("take the SELinux context", std::string(state), "the policy has to allow the transition");
    }
};

}  // namespace

KEELSON_KEYS({"lxc.selinux.context", keelson::abi::KeyType::text, 0, "", "", "SELinux context of the container's processes"},
             {"lxc.selinux.context.keyring", keelson::abi::KeyType::text, 0, "", "",
              "SELinux context of the session keyring; refused"});

KEELSON_SECURITY_MODULE("selinux", SELinux, .version = "0.1", .summary = "gives the container's processes an SELinux context",
                        .order = 20);
