// Which namespaces a container gets (namespaces(7)), from lxc.namespace.* and what the networks and id maps need.
#pragma once

#include <keelson/abi/base.hpp>
#include <keelson/sdk/unique_fd.hpp>
#include <kernel/base/packed.hpp>
#include <kernel/config/config.hpp>

#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keelson::process {

struct NamespaceKind {
    std::string_view name;   ///< "net"; also the name below /proc/PID/ns
    std::string_view alias;  ///< "NETWORK", as lxc-attach -s takes it
    uint64_t flag;           ///< CLONE_NEW*
};
/// In LXC's order of stop hook arguments: user mnt pid uts ipc net cgroup time.
const std::array<NamespaceKind, 8>& namespace_kinds();
/// "net", "NETWORK", any case. No value for an unknown name.
std::optional<uint64_t> namespace_flag(std::string_view name);

/// Whether the kernel has them: since 4.6, if configured.
bool has_cgroup_namespaces();

/// What lxc.namespace.clone and .keep say, or the default: mnt pid uts ipc, net unless `host_network`, cgroup where the kernel
/// has it, user with an id map, time with an offset. Shared namespaces (lxc.namespace.share.*) are not in the result.
uint64_t wanted_namespaces(const config::Config& config, bool host_network);

/// Descriptors of a process's namespaces, for hooks and plugins. Those in `flags` only.
class NamespaceSet {
public:
    NamespaceSet() = default;
    NamespaceSet(pid_t pid, uint64_t flags);
    /// The cgroup and time namespaces exist only after the child made them.
    void add(pid_t pid, uint64_t flags);
    void put(uint64_t flag, UniqueFd fd) noexcept;
    void pack(base::Packer& packed) const;
    explicit NamespaceSet(base::Unpacker& packed);
    abi::NamespaceFds fds() const noexcept;
    /// Name and descriptor of each one there is, in the order of namespace_kinds().
    std::vector<std::pair<std::string_view, int>> all() const;
    int fd(uint64_t flag) const noexcept;
    void close() noexcept;
    /// One of them.
    void close(uint64_t flag) noexcept;

private:
    pid_t pid_ = -1;
    std::array<UniqueFd, 8> fds_;
};

}  // namespace keelson::process
