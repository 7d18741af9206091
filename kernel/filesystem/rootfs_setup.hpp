// [inside] The steps that turn a detached rootfs mount into the container's tree, in the order of the lifecycle. The child
// calls them; each throws Error with the entry or path as object.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/config/config.hpp>

#include <string>
#include <vector>

namespace keelson::filesystem {

/// What the cgroup driver asked to have mounted.
struct CgroupMountPlan {
    std::string type, source, target, options;
    bool read_only = false;
};

/// A terminal of the container, made on the host or in its devpts.
struct TerminalNode {
    int pty = -1;      ///< borrowed: the peer (slave) side
    std::string name;  ///< below /dev: "console", "tty1", "lxc/tty1"
};

class RootfsSetup {
public:
    /// `rootfs_mount`: detached, owned; -1 when lxc.rootfs.path is unset (the host's root is used).
    RootfsSetup(const config::Config& config, std::string lxcpath, std::string name, UniqueFd rootfs_mount);

    /// Stage mount. Host mounts are made slaves of their peers; the rootfs is attached at lxc.rootfs.mount.
    void enter_mount_namespace();
    void attach_rootfs();
    void mount_dev();      ///< lxc.autodev: the tmpfs and dev/pts directory
    void mount_auto();     ///< lxc.mount.auto: proc and sys
    void mount_entries();  ///< fstab, then entries (idmap= through `user_namespace`)
    void mount_cgroups(const std::vector<CgroupMountPlan>& mounts);
    void write_resolver(const std::vector<std::string>& name_servers);  ///< over /etc/resolv.conf, nothing stays in the rootfs

    /// Stage autodev.
    void make_device_nodes();
    /// devpts and /dev/ptmx; returns a descriptor of the container's own devpts root, or empty.
    UniqueFd mount_devpts();
    void bind_terminals(const std::vector<TerminalNode>& terminals);
    void make_dev_links();

    /// Stage start.
    void pivot();
    void mask_boot_id();
    /// A procfs of the new pid namespace, not mounted anywhere: labels are written through it (CVE-2016-8649).
    static UniqueFd private_proc();

    /// For hooks: LXC_ROOTFS_MOUNT.
    const std::string& mount_point() const { return mount_point_; }
    /// User namespace for idmap=container; borrowed; -1 without.
    void set_user_namespace(int fd) { user_namespace_ = fd; }
    int root() const { return root_.get(); }

private:
    const config::Config& config_;
    std::string lxcpath_, name_, mount_point_;
    UniqueFd rootfs_mount_;
    UniqueFd root_;
    int user_namespace_ = -1;
};

}  // namespace keelson::filesystem
