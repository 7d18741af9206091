// The steps that turn a detached rootfs mount into the container's tree, in the order of the lifecycle. Each throws Error with
// the entry or path as its object.
//
// Nothing of a start stays on the host, by construction and without a record: the rootfs and all that is cloned for it are
// detached mounts, which vanish with their descriptors; what the child mounts is in its own mount namespace and vanishes with
// it.
#pragma once

#include <keelson/sdk/unique_fd.hpp>
#include <kernel/config/config.hpp>
#include <kernel/filesystem/mount_entry.hpp>

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
    std::string name;  ///< below /dev: "console", "tty1"; with lxc.tty.dir "lxc/console", "lxc/tty1"
};

/// Made by the host before clone, where it reads what only the host may read; the child goes on with its copy.
class RootfsSetup {
public:
    /// `rootfs_mount`: detached, owned; -1 when lxc.rootfs.path is unset (the host's root is used). The attributes among
    /// lxc.rootfs.options are applied here; what parse_options leaves as data is for the storage plugin. `config` has to
    /// outlive the object.
    RootfsSetup(const config::Config& config, std::string lxcpath, std::string name, UniqueFd rootfs_mount);

    /// [host, before clone] Reads fstab and entries, clones the sources that get an id map. `further`: entries that are mounted
    /// after those of the configuration.
    void prepare(const std::vector<std::string>& further = {});
    /// [host, after the id maps of the child are written] Carries out idmap=container and idmap=PATH for rootfs and entries;
    /// the child's descriptors are the same mounts. `user_namespace` is borrowed, -1 without.
    void map_ids(int user_namespace);
    /// True if map_ids has something to do.
    bool wants_id_maps() const;

    /// [host] A nameless file in the rootfs, open for writing. As long as the monitor holds it, a privileged container cannot
    /// make the host's filesystem below read-only, which some do when they halt (mount -o remount,ro /). Empty where the
    /// filesystem has no such files or takes no writes.
    static UniqueFd pin(int rootfs);

    // [inside] from here on.

    /// Stage pre-mount, before the hooks, and better before the child takes its ids: the way to lxc.rootfs.mount may be open to
    /// the starter only. Host mounts are made slaves of their peers, so that nothing goes back.
    void enter_mount_namespace();
    /// Stage mount: the rootfs is attached at lxc.rootfs.mount. If a pre-mount hook mounted something over lxc.rootfs.path,
    /// that is the rootfs.
    void attach_rootfs();
    void mount_dev();      ///< lxc.autodev: the tmpfs and dev/pts directory
    void mount_auto();     ///< lxc.mount.auto: proc and sys
    void mount_entries();  ///< fstab, entries, shmounts
    void mount_cgroups(const std::vector<CgroupMountPlan>& mounts);
    /// Over /etc/resolv.conf, also where that is a symbolic link (then over the link itself). The file is on a tmpfs of its
    /// own; the rootfs is left as it is, but for an empty file where there was none. Best effort.
    void write_resolver(const std::vector<std::string>& name_servers);
    /// After the mount hooks: nobody has mounted over the rootfs.
    void check_rootfs() const;

    /// Stage autodev.
    void make_device_nodes();
    /// devpts and /dev/ptmx; returns a descriptor of the container's own devpts root, or empty.
    UniqueFd mount_devpts();
    void bind_terminals(const std::vector<TerminalNode>& terminals);
    void make_dev_links();

    /// Stage start.
    void pivot();
    void mask_boot_id();
    /// A procfs of the new pid namespace, not mounted anywhere: labels are written through it (CVE-2016-8649). In a user
    /// namespace the kernel gives it only as long as a complete /proc is visible: before `pivot`, or after it with proc
    /// mounted.
    static UniqueFd private_proc();

    /// For hooks: LXC_ROOTFS_MOUNT.
    const std::string& mount_point() const { return mount_point_; }
    int root() const { return root_.get(); }

private:
    bool has_own_rootfs() const { return own_rootfs_; }
    /// False: /dev is the host's, of which nothing may change.
    bool owns_dev() const;
    UniqueFd mount_point_for(int dev, const std::string& name) const;
    UniqueFd target(const std::string& path, Create create) const { return resolve_target(root_.get(), path, create); }
    void mount_proc(bool mixed);
    void mount_sys(AutoMounts::Sys mode);
    void mount_entry(MountEntry& entry);
    UniqueFd entry_source(MountEntry& entry) const;
    void make_overlay_directories(const MountEntry& entry) const;
    void make_node(int dev, const char* name, unsigned minor, unsigned major);
    void bind_node(int dev, const char* name, unsigned long number);
    void bind_ptmx(int dev);
    void bind_terminal(const TerminalNode& terminal);

    const config::Config& config_;
    std::string lxcpath_, name_, mount_point_;
    MountOptions rootfs_options_;
    bool own_rootfs_;
    UniqueFd rootfs_mount_;
    UniqueFd mount_directory_;
    uint64_t mount_of_source_ = 0;
    UniqueFd host_dev_, host_pts_;
    UniqueFd root_;
    std::vector<MountEntry> entries_;
};

}  // namespace keelson::filesystem
