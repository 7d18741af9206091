// Work in a container's tree while nothing runs in it: by a child with a mount namespace of its own.
#pragma once

#include <kernel/container/facts.hpp>
#include <kernel/process/channel.hpp>

#include <functional>
#include <string>

namespace keelson::container {

/// [inside the child] `rootfs` is where the tree stands, empty if the container has none. Lines may be sent to the parent.
using RootfsWork = std::function<void(const std::string& rootfs, process::Channel& parent)>;

/// Where the tree of the storage stands in the child: a directory is its own tree, other storage is mounted there.
std::string rootfs_mountpoint(const Facts& facts);

/// Runs `work` in a child, whose mounts the host does not see; the tree can be written to. For an ordinary user it is root of a
/// user namespace with the container's own ids. `heard` gets each message of kind 'l' that the work sends. Throws what the work
/// throws; `what` names the work in the error of a child that died. Work that fails, or whose caller dies, ends with all that
/// it has started.
void in_rootfs_child(const Facts& facts, const config::Config& config, const std::string& what, const RootfsWork& work,
                     const std::function<void(const std::string& line)>& heard = {});

}  // namespace keelson::container
