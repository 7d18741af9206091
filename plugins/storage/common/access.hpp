// Can a rootfs be used? With hints that say which directory is in the way and what opens it.
#pragma once

#include <sys/stat.h>
#include <keelson/sdk/storage.hpp>

#include <optional>
#include <string>

namespace keelson::storage {

/// A directory that an id may not enter.
struct Barrier {
    std::string directory;
    struct stat facts;
    /// "/srv/web1 (drwx------, uid 0)"
    std::string words() const;
    /// "chmod o+x /srv/web1", or what else lets these ids in.
    std::string remedy(uint32_t uid, uint32_t gid) const;
};

/// The first directory on the way to `path`, `path` included, that the ids may not enter by its mode; directories with an ACL
/// are taken as open. Nothing: the way is free, or ends before.
std::optional<Barrier> first_barrier(const std::string& path, uint32_t uid, uint32_t gid);

/// [host] The directory exists, is one and no link, can be reached by this process and entered by the container's root (which
/// needs no way to it: the rootfs comes as a mount). Throws with a hint. Warns when files in it will belong to nobody.
void check_directory(const sdk::Context& context, const std::string& path);

/// [host, may repeat] The directory with all that is mounted below it, as a detached mount. Never through a link in the last
/// component, so what was checked cannot become another directory. Throws.
UniqueFd clone_directory(const std::string& path);

/// True if lxc.rootfs.options gives the rootfs an id map, so that its owners don't have to be those of the container.
bool has_idmapped_rootfs(const sdk::Context& context);

}  // namespace keelson::storage
