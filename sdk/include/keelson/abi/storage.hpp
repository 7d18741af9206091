// A storage backend: lxc.rootfs.path = NAME:PATH.
//
// Host-side calls run with the privileges over mounts that the container's starter has: root, or an ordinary user's process
// that has entered a user and mount namespace of its own (user_namespaces(7)).
#pragma once

#include <keelson/abi/base.hpp>

namespace keelson::abi {

struct Rootfs {
    uint32_t size;
    /// Not 0: nothing will be written. `rootfs_in_use`, or `rootfs_as_configured` for "ro" of lxc.rootfs.options, or both.
    uint32_t read_only;
    /// Without the "NAME:" prefix.
    StringView path;
    /// What is left of lxc.rootfs.options: mount(8) style, "ro" taken out by the kernel.
    StringView options;
};

constexpr uint32_t rootfs_as_configured = 1;
/// Its container may be running meanwhile, which must not notice: a mount that shares nothing but what is read, and leaves
/// alone what a read-only one writes as well (the replay of a journal, overlayfs's work directory); or none at all (EBUSY).
constexpr uint32_t rootfs_in_use = 2;

/// What `keelson create -B` asks for.
struct StorageRequest {
    uint32_t size;
    uint32_t reserved;
    /// Where a directory would stand: lxcpath/name/rootfs, or the path given by --dir. It may be a mount point.
    StringView directory;
    /// Block storage: in bytes (0: the backend's default) and mkfs type (empty: ext4).
    uint64_t bytes;
    StringView filesystem;
    /// Further backend options in the form key=value.
    StringList options;
};

class Storage : public Plugin {
public:
    /// [host, may repeat] Does this path look like the backend's own? Changes nothing.
    virtual bool recognises(StringView path) noexcept = 0;

    /// [host] Stage resolve: does it exist, can it be used? Changes nothing.
    virtual Status check(const Context* context, const Rootfs* rootfs, ErrorSink* error) noexcept = 0;

    /// [host] Stage pre-start: attaches devices. Every change has its record.
    virtual Status prepare(const Context* context, const Rootfs* rootfs, ErrorSink* error) noexcept = 0;

    /// [host, may repeat] The rootfs as a detached mount (open_tree(2), fsmount(2)): it is in no mount namespace and vanishes
    /// with the descriptor, so it needs no record.
    virtual Status mount(const Context* context, const Rootfs* rootfs, int32_t* mount_owned, ErrorSink* error) noexcept = 0;

    /// [host] Makes an empty rootfs; gives the value for lxc.rootfs.path without prefix. Each change has its record; the
    /// kernel unwinds them when creation fails and drops them when it is done.
    virtual Status create(const Context* context, const StorageRequest* request, StringSink* path,
                          ErrorSink* error) noexcept = 0;

    /// [host, may repeat] Deletes the rootfs with all that create made for it.
    virtual Status destroy(const Context* context, const Rootfs* rootfs, ErrorSink* error) noexcept = 0;

protected:
    ~Storage() = default;
};

/// Optional, "keelson.storage.copy/1".
class StorageCopy {
public:
    /// [host] A full copy of `from` as the request says.
    virtual Status copy(const Context* context, const Rootfs* from, const StorageRequest* request, StringSink* path,
                        ErrorSink* error) noexcept = 0;
    /// [host] A copy that shares its blocks with `from`.
    virtual Status snapshot(const Context* context, const Rootfs* from, const StorageRequest* request, StringSink* path,
                            ErrorSink* error) noexcept = 0;

protected:
    ~StorageCopy() = default;
};

}  // namespace keelson::abi
