// What lxc.rootfs.path says.
#pragma once

#include <kernel/config/config.hpp>

#include <string>

namespace keelson::filesystem {

/// [TYPE:]PATH; an absolute path has no type, whatever colons are in it.
struct RootfsSource {
    std::string type;  ///< of the storage; empty when none is named
    std::string path;  ///< empty: the host's root
};
RootfsSource rootfs_source(const config::Config& config);

}  // namespace keelson::filesystem
