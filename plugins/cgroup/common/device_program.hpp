// Device rules of version 2: an eBPF program of the type cgroup-device on the cgroup (bpf(2), "Device controller" in
// Documentation/admin-guide/cgroup-v2.rst). It vanishes with the cgroup.
#pragma once

#include "device_rules.hpp"

#include <linux/bpf.h>
#include <keelson/sdk/unique_fd.hpp>

#include <functional>
#include <string>
#include <vector>

namespace keelson::cgroup {

/// The program that returns 1 for what the rules let through. A request is allowed by a rule that names all of what it asks
/// for, and denied by a rule that names any of it.
std::vector<bpf_insn> assemble(const DeviceRules& rules);

/// Loads the program and puts it on the cgroup in the place of the program with the id `replaces`; 0: beside whatever is there.
/// `announce` gets its id before that. Throws Error with the cgroup as object.
void attach_program(const std::vector<bpf_insn>& program, const std::string& cgroup, uint32_t replaces,
                    const std::function<void(uint32_t id)>& announce);

/// Is the program with the id on this very cgroup?
bool is_attached(uint32_t id, const std::string& cgroup);

}  // namespace keelson::cgroup
