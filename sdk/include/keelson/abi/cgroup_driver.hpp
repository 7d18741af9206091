// A cgroup layout: keelson.cgroup.driver = NAME, or the first that applies to the host.
//
// Drivers keep no state between calls: what `create` says about the cgroups it made comes back as `state` in every later call,
// also in another process.
#pragma once

#include <keelson/abi/base.hpp>

namespace keelson::abi {

enum class CgroupRole : int32_t {
    payload,  ///< the container's first process
    monitor,
    joining,  ///< a process that attaches; cgroup2 allows none beside child cgroups, so it gets a leaf of its own there
};

/// How a process gets into a cgroup without waiting for an RCU grace period: born in the unified one (clone3(2),
/// CLONE_INTO_CGROUP), and by writing "0" itself into each `tasks` file of the v1 hierarchies.
struct CgroupEntry {
    uint32_t size;
    /// Directory for CLONE_INTO_CGROUP, or -1.
    int32_t unified_owned;
    /// Files opened for writing; the array belongs to the caller and has room for `capacity`.
    int32_t* tasks_owned;
    uint32_t capacity;
    uint32_t count;
};

enum class CgroupPhase : int32_t {
    before_setup,  ///< everything but device rules
    after_setup,   ///< device rules, so that nodes can still be made before
};

/// A mount that lxc.mount.auto = cgroup asks for; the kernel carries it out inside, in the order given.
struct CgroupMount {
    uint32_t size;
    uint32_t read_only;
    /// Filesystem type ("cgroup", "cgroup2", "tmpfs") or "bind".
    StringView type;
    /// For bind: an absolute path of the host, or empty: the target itself with all that is mounted below it, so that it can be
    /// made read-only around the mounts in it. Else the source shown in mountinfo.
    StringView source;
    /// Below the container's root, relative: "sys/fs/cgroup/memory". Directories that are missing are made.
    StringView target;
    /// Filesystem options, comma-separated. Mounts other than binds are nosuid, nodev and noexec anyhow.
    StringView options;
};

class CgroupMountSink {
public:
    virtual void mount(const CgroupMount* mount) noexcept = 0;

protected:
    ~CgroupMountSink() = default;
};

/// How lxc.mount.auto asks for cgroups.
struct CgroupMountRequest {
    uint32_t size;
    uint32_t read_only;      ///< :ro
    uint32_t mixed;          ///< :mixed
    uint32_t full;           ///< cgroup-full
    uint32_t force;          ///< :force
    uint32_t own_namespace;  ///< the container has a cgroup namespace
    uint32_t can_mount;      ///< it keeps CAP_SYS_ADMIN
};

struct CgroupUsage {
    uint32_t size;
    uint32_t reserved;
    /// Nanoseconds, bytes; UINT64_MAX where the layout cannot tell.
    uint64_t cpu_ns;
    uint64_t memory_bytes;
    uint64_t kernel_memory_bytes;
    uint64_t swap_bytes;
    uint64_t io_bytes;
    uint64_t tasks;
};

class CgroupDriver : public Plugin {
public:
    /// [host] Makes the cgroups of the payload, handed over to the container's root where it has an id map; those that
    /// nobody is born in may wait for `complete`. Leftovers of a dead container of that name are removed, never stepped
    /// around. Every change has its record, which also covers what `complete` makes. Reads lxc.cgroup.dir and its kin
    /// from the settings.
    virtual Status create(const Context* context, StringSink* state, ErrorSink* error) noexcept = 0;

    /// [host, may repeat] How to get in; for the payload once it is complete. Makes the monitor's cgroups when it asks, with a
    /// record of their own: one in the foreground never does.
    virtual Status entry(const Context* context, StringView state, CgroupRole role, CgroupEntry* entry,
                         ErrorSink* error) noexcept = 0;

    /// [host] Writes lxc.cgroup.* or lxc.cgroup2.* of that phase, as the layout has them. After `complete`.
    virtual Status limit(const Context* context, StringView state, CgroupPhase phase, ErrorSink* error) noexcept = 0;

    /// [host, may repeat] Stops or lets go of all processes of the payload; returns when it is so.
    virtual Status freeze(const Context* context, StringView state, bool frozen, uint32_t timeout_ms,
                          ErrorSink* error) noexcept = 0;
    virtual Status is_frozen(const Context* context, StringView state, bool* frozen, ErrorSink* error) noexcept = 0;

    /// [host, may repeat] One control file of the payload, such as "memory.max".
    virtual Status read(const Context* context, StringView state, StringView file, StringSink* value,
                        ErrorSink* error) noexcept = 0;
    virtual Status write(const Context* context, StringView state, StringView file, StringView value,
                         ErrorSink* error) noexcept = 0;

    /// [host, may repeat] Path of the payload's cgroup below its hierarchy ("/lxc.payload.web"); an empty controller means
    /// the unified or, without one, the first hierarchy.
    virtual Status path(const Context* context, StringView state, StringView controller, StringSink* path,
                        ErrorSink* error) noexcept = 0;

    virtual Status usage(const Context* context, StringView state, CgroupUsage* usage, ErrorSink* error) noexcept = 0;

    /// [host] What lxc.mount.auto = cgroup… means here.
    virtual Status mounts(const Context* context, StringView state, const CgroupMountRequest* request, CgroupMountSink* mounts,
                          ErrorSink* error) noexcept = 0;

    /// [host, may repeat] Two texts: the path of a file, and what stands in it, but for blanks around, as long as the payload
    /// is not frozen. A monitor that has let go of its plugins looks there. An empty path: the payload never is. No text: no
    /// one file tells, and the monitor keeps its plugins.
    virtual Status frozen_file(const Context* context, StringView state, StringSink* path_and_text,
                               ErrorSink* error) noexcept = 0;

    /// [host] The directory that the payload's first process is born in (clone3(2), CLONE_INTO_CGROUP), or -1 where there is
    /// none.
    virtual Status birthplace(const Context* context, StringView state, int32_t* directory_owned,
                              ErrorSink* error) noexcept = 0;

    /// [host] Once, when the first process is born: makes the rest of the payload's cgroups. It costs no time then, as that
    /// process makes its namespaces meanwhile, and enters by `entry` afterwards.
    virtual Status complete(const Context* context, StringView state, ErrorSink* error) noexcept = 0;

    /// [host, may repeat] Lets go of all that is frozen in the payload, also of what the container froze below by itself, so
    /// that it dies of a SIGKILL that was sent: in version 1 nothing frozen does (freezer-subsystem.rst). No error where
    /// nothing can be frozen. Returns without waiting for it.
    virtual Status release(const Context* context, StringView state, ErrorSink* error) noexcept = 0;

protected:
    ~CgroupDriver() = default;
};

}  // namespace keelson::abi
