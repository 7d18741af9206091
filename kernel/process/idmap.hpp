// Id maps (user_namespaces(7)): parsing, lookup, and writing them for a new user namespace.
#pragma once

#include <keelson/abi/base.hpp>
#include <kernel/config/config.hpp>

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace keelson::process {

class IdMap {
public:
    IdMap() = default;
    explicit IdMap(std::vector<abi::IdRange> ranges) : ranges_(std::move(ranges)) {}
    /// lxc.idmap; "b" counts for both kinds. Throws for what the kernel would refuse: a missing kind, overlaps, range 0.
    static IdMap from(const config::Config& config);

    /// For files of a container whose own map is not known: if this map is empty, all that subuid(5) and subgid(5) grant the
    /// user, each id mapped to itself.
    IdMap or_granted() const;

    bool empty() const noexcept { return ranges_.empty(); }
    const std::vector<abi::IdRange>& ranges() const noexcept { return ranges_; }
    /// Host id of an inside id.
    std::optional<uint32_t> host(abi::IdKind kind, uint32_t inside) const;
    /// The first inside id that is not mapped.
    uint32_t first_free(abi::IdKind kind) const;
    /// The same map with the caller's own ids added at the first free ones, where they are not mapped already.
    IdMap with_host_id(uint32_t uid, uint32_t gid) const;
    /// Every host id mapped to itself: for a process that keeps seeing host ids in a user namespace of its own.
    IdMap as_identity() const;

    /// Writes the maps of a process in a new user namespace: directly with CAP_SETUID and CAP_SETGID over our own namespace,
    /// else by newuidmap(1) and newgidmap(1). Throws with a hint: missing helper, missing or too small subuid(5) range.
    void write_for(pid_t pid) const;

private:
    std::string lines(abi::IdKind kind) const;
    void write_directly(pid_t pid) const;
    bool only_ourselves() const;

    std::vector<abi::IdRange> ranges_;
};

}  // namespace keelson::process
