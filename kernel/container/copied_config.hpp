// The configuration of a copy, from its original's: which lines change, and which files go with them.
#pragma once

#include <kernel/config/config.hpp>
#include <kernel/container/facts.hpp>

#include <string>
#include <utility>
#include <vector>

namespace keelson::container {

struct CopiedConfig {
    config::Config config;
    /// Keys and values that are set once lxc.rootfs.path is: they stand at the end.
    std::vector<std::pair<std::string, std::string>> last;
    /// From, to: hooks that stand in the original's directory, and the file of lxc.mount.fstab.
    std::vector<std::pair<std::string, std::string>> files;
};

struct KeptNames {
    bool host_name = false;
    bool hardware_addresses = false;
};

/// Comments and the order of lines stay; empty lines go. lxc.rootfs.path, lxc.uts.name and lxc.mount.fstab
/// are taken out. The original's directory is replaced by the copy's in hooks and in the upper and work directories of overlay
/// mounts. Hardware addresses are drawn anew. Changes nothing on disk. Throws.
CopiedConfig copied_config(const config::Config& original, const Facts& from, const Facts& to, const KeptNames& kept);

}  // namespace keelson::container
