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

/// Of the process itself; through a procfs that the container cannot have replaced.
void set_attribute(int proc, const char* name, const std::string& label, const char* hint) {
    const std::string path = cat("self/attr/", name);
    const UniqueFd door(::openat(proc, path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!door) throw Error::last(cat("open attr/", name, " for the SELinux context"), label);
    if (::write(door.get(), label.data(), label.size()) == static_cast<ssize_t>(label.size())) return;
    throw Error::last(cat("set attr/", name, " to the SELinux context"), label, hint);
}

/// Empty when the processes keep the context of their starter.
std::string context_of_processes(const Context& context) {
    const std::string label = context.value("lxc.selinux.context");
    return label == "unconfined_t" ? std::string() : label;
}

std::string context_of_keyring(const Context& context) {
    return context.is_set("lxc.selinux.context.keyring") ? context.value("lxc.selinux.context.keyring")
                                                         : context_of_processes(context);
}

class SELinux final : public sdk::SecurityModule, public sdk::SecurityLabel, public sdk::SecurityKeyring {
public:
    bool check(const Context& context) override {
        const std::string label = context_of_processes(context), of_keyring = context_of_keyring(context);
        if (label.empty() && of_keyring.empty()) return false;
        if (::access(validator, F_OK) != 0) {
            context.warn("lxc.selinux.context does nothing: SELinux is off on this host");
            return false;
        }
        for (const std::string& one : {label, of_keyring})
            if (!one.empty()) require_known(one);
        return true;
    }

    std::string prepare(const Context& context) override { return context_of_processes(context); }

    std::string state_of(std::string_view label) override {
        require_known(std::string(label));
        return std::string(label);
    }

    /// Takes effect at exec, as a change of the running process would need rules that policies do not have.
    void confine(const Context&, std::string_view state, int proc_borrowed) override {
        if (state.empty()) return;
        set_attribute(proc_borrowed, "exec", std::string(state), "the policy has to allow the transition");
    }

    void label_keys(const Context& context, bool label, int proc_borrowed) override {
        const std::string of_keyring = context_of_keyring(context);
        if (of_keyring.empty()) return;
        // a line break takes the attribute back, proc(5)
        set_attribute(proc_borrowed, "keycreate", label ? of_keyring : "\n", "the policy has to allow setkeycreate");
    }
};

}  // namespace

KEELSON_KEYS({"lxc.selinux.context", keelson::abi::KeyType::text, 0, "", "", "SELinux context of the container's processes"},
             {"lxc.selinux.context.keyring", keelson::abi::KeyType::text, 0, "", "",
              "SELinux context of the session keyring; unset: lxc.selinux.context"});

KEELSON_SECURITY_MODULE("selinux", SELinux, .version = "0.1", .summary = "gives the container's processes an SELinux context",
                        .order = 20);
