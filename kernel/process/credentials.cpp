#include <kernel/base/file.hpp>
#include <kernel/base/text.hpp>
#include <kernel/process/credentials.hpp>

#include <grp.h>
#include <linux/capability.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <set>

namespace keelson::process {
namespace {

/// libcap has asked the kernel itself: /proc may be the container's own, which may lie, or be none.
int last_capability() noexcept { return ::cap_max_bits() - 1; }

/// Values were checked when the configuration was read.
int capability_named(std::string_view word) {
    if (const auto number = base::parse_unsigned(word)) return static_cast<int>(*number);
    cap_value_t value = -1;
    return ::cap_from_name(cat("cap_", word).c_str(), &value) == 0 ? value : -1;
}

std::set<int> capabilities(const config::Config& config, std::string_view key) {
    std::set<int> found;
    for (const std::string& value : config.list(key)) {
        for (const std::string_view word : base::words(value)) {
            if (word == "none")
                found.clear();
            else if (const int capability = capability_named(word); capability >= 0)
                found.insert(capability);
        }
    }
    return found;
}

/// What lxc.cap.keep says alone, when it is set; else what lxc.cap.drop leaves.
struct Capabilities {
    explicit Capabilities(const config::Config& config)
        : keep(config.is_set("lxc.cap.keep")), named(capabilities(config, keep ? "lxc.cap.keep" : "lxc.cap.drop")) {}
    bool left(int capability) const { return named.contains(capability) == keep; }

    bool keep;
    std::set<int> named;
};

}  // namespace

bool has_capability(int capability) noexcept {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (::syscall(SYS_capget, &header, data) != 0) return false;
    return (data[capability / 32].effective & (1U << (capability % 32))) != 0;
}

bool keeps_capability(const config::Config& config, int capability) { return Capabilities(config).left(capability); }

void drop_capabilities(const config::Config& config) {
    const Capabilities wanted(config);
    for (int capability = 0, last = last_capability(); capability <= last; ++capability) {
        if (wanted.left(capability)) continue;
        if (::prctl(PR_CAPBSET_READ, capability) == 1 && ::prctl(PR_CAPBSET_DROP, capability) != 0) {
            throw Error::last("drop capability", cat(capability));
        }
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (::syscall(SYS_capget, &header, data) != 0) throw Error::last("capget", "");
    data[0].inheritable = data[1].inheritable = 0;
    if (::syscall(SYS_capset, &header, data) != 0) throw Error::last("capset", "");
}

void withhold_from_namespace_root() noexcept { ::prctl(PR_SET_DUMPABLE, 0); }

void become_namespace_root(uint32_t uid, uint32_t gid) {
    if (::setgroups(0, nullptr) != 0 && errno != EPERM) throw Error::last("setgroups", "");
    if (::setresgid(gid, gid, gid) != 0) throw Error::last("become group", cat(gid), "map it with lxc.idmap = g ...");
    if (::setresuid(uid, uid, uid) != 0) throw Error::last("become user", cat(uid), "map it with lxc.idmap = u ...");
}

void take_ids(uint32_t uid, uint32_t gid, const std::vector<gid_t>& groups) {
    if (::setgroups(groups.size(), groups.data()) != 0 && (errno != EPERM || !groups.empty()))
        throw Error::last("setgroups", "lxc.init.groups");
    if (::setresgid(gid, gid, gid) != 0) throw Error::last("become group", cat(gid), "is it mapped by lxc.idmap?");
    if (::setresuid(uid, uid, uid) != 0) throw Error::last("become user", cat(uid), "is it mapped by lxc.idmap?");
}

void forbid_new_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw Error::last("set no_new_privs", "");
}

}  // namespace keelson::process
