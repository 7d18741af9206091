// Namespaces that a container takes over from others: lxc.namespace.share.*.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/config/config.hpp>
#include <kernel/process/clone.hpp>

#include <string>
#include <vector>

namespace keelson::process {

struct SharedNamespace {
    std::string key;    ///< "lxc.namespace.share.net", for errors
    uint64_t flag = 0;  ///< CLONE_NEW*
    UniqueFd fd;
};

/// Opens lxc.namespace.share.*: a path, a pid, a running container's name or its directory.
/// `name`: whose configuration it is.
std::vector<SharedNamespace> open_shared(const config::Config& config, const std::string& lxcpath, const std::string& name);
/// Their CLONE_NEW* flags together.
uint64_t flags_of(const std::vector<SharedNamespace>& shared) noexcept;

/// clone_process for a child of ours that is born into the shared namespaces, so that those which it has alone, and its user
/// namespace, come after them. The cgroup namespace is not entered: from outside of its root, nobody may be put into a cgroup.
Clone clone_into(const CloneRequest& request, const std::vector<SharedNamespace>& shared);
/// [the child] Enters the shared cgroup namespace, if there is one, from the cgroup that it was born in.
void enter_shared_cgroup(const std::vector<SharedNamespace>& shared);

}  // namespace keelson::process
