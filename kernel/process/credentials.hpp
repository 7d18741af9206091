// Who a process is: capabilities, ids, privileges (capabilities(7), credentials(7)).
#pragma once

#include <kernel/config/config.hpp>

#include <sys/types.h>

#include <optional>
#include <vector>

namespace keelson::process {

/// In our effective set?
bool has_capability(int capability) noexcept;

/// Do lxc.cap.keep and lxc.cap.drop leave the container this capability?
bool keeps_capability(const config::Config& config, int capability);

/// [inside] Bounding set as lxc.cap.* say; ambient and inheritable sets emptied, always (runc CVE-2022-29162).
void drop_capabilities(const config::Config& config);

/// Until exec(2), who is root in a namespace of ours can neither trace us nor reach through our descriptors, which lead to the
/// host; what is born meanwhile neither (PR_SET_DUMPABLE of prctl(2), "Ptrace access mode checking" in ptrace(2)). Before we
/// are where it sees us: a moment is enough for it.
void withhold_from_namespace_root() noexcept;

/// [inside] Root of the user namespace: no groups, gid 0, uid 0.
void become_namespace_root(uint32_t uid, uint32_t gid);

/// [inside] Just before exec. Groups are dropped when none are given and the process may.
void take_ids(uint32_t uid, uint32_t gid, const std::vector<gid_t>& groups);

void forbid_new_privileges();

}  // namespace keelson::process
