#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <keelson/sdk/detached_mount.hpp>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/base/text.hpp>
#include <kernel/config/kernel_keys.hpp>
#include <kernel/filesystem/rootfs_setup.hpp>
#include <kernel/filesystem/rootfs_source.hpp>
#include <kernel/filesystem/working_directory.hpp>
#include <kernel/process/credentials.hpp>

#include <algorithm>

namespace keelson::filesystem {

namespace {

constexpr uint64_t no_suid_dev_exec = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

MountOptions with(uint64_t set, std::string data = {}) {
    MountOptions options;
    options.set = set;
    options.data = std::move(data);
    return options;
}

/// On a bind mount rw, suid and exec take nothing away that the source has (as in LXC, and a user namespace could not).
MountOptions for_bind(MountOptions options) {
    options.clear &= MOUNT_ATTR__ATIME | MOUNT_ATTR_NODEV;
    return options;
}

UniqueFd open_namespace(const MountOptions& options) { return base::open_file(options.idmap, O_RDONLY); }

void give_idmap(int mount, const MountOptions& options, int user_namespace) {
    if (options.idmap != "container") return set_idmap(mount, open_namespace(options).get(), options.recursive);
    // The container's ids are the host's.
    if (user_namespace < 0) return base::log_warn("idmap=container changes nothing: the container has no lxc.idmap");
    set_idmap(mount, user_namespace, options.recursive);
}

/// 0 is no size, as it is no size to tmpfs(5), which takes it for all of the memory.
std::string dev_size(const config::Config& config) {
    constexpr const char* key = "lxc.autodev.tmpfs.size";
    const std::string size = config.get_or_default(key);
    return base::parse_unsigned(size).value_or(0) > 0 ? size : config::kernel_key(key)->fallback;
}

/// Which mount a path leads to (statx(2), Linux 5.8); 0 if it leads nowhere, or where we may not look.
uint64_t mount_at(const std::string& path) {
    struct statx facts {};
    const bool known = ::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &facts) == 0 && (facts.stx_mask & STATX_MNT_ID) != 0;
    return known ? facts.stx_mnt_id : 0;
}

}  // namespace

RootfsSetup::RootfsSetup(const config::Config& config, std::string lxcpath, std::string name, UniqueFd rootfs_mount)
    : config_(config),
      lxcpath_(std::move(lxcpath)),
      name_(std::move(name)),
      mount_point_(config.get_or_default("lxc.rootfs.mount")),
      rootfs_options_(for_bind(parse_options(config.get("lxc.rootfs.options")))),
      own_rootfs_(rootfs_mount.get() >= 0),
      rootfs_mount_(std::move(rootfs_mount)) {}

void RootfsSetup::prepare(const std::vector<std::string>& further) {
    entries_ = read_entries(config_);
    for (const std::string& line : further) entries_.push_back(parse_entry(line, {}));
    for (MountEntry& entry : entries_) try {
            if (entry.type == "overlay") make_overlay_directories(entry);
            if (entry.options.idmap.empty()) continue;
            entry.mapped = clone_tree(AT_FDCWD, entry.source, entry.options.recursive);
        } catch (const Error& error) {
            if (!entry.options.optional) throw entry.failed(error);
            base::log_info(cat("left out: ", entry.failed(error).what()));
        }
}

bool RootfsSetup::wants_id_maps() const {
    if (!rootfs_options_.idmap.empty()) return true;
    for (const MountEntry& entry : entries_) {
        if (entry.mapped) return true;
    }
    return false;
}

void RootfsSetup::map_ids(int user_namespace) {
    if (own_rootfs_ && !rootfs_options_.idmap.empty()) try {
            MountOptions options = rootfs_options_;
            options.recursive = true;
            give_idmap(rootfs_mount_.get(), options, user_namespace);
        } catch (const Error& error) {
            throw Error(error.code(), config_.get("lxc.rootfs.path"), error.message() + ", for lxc.rootfs.options of",
                        error.hint());
        }
    for (MountEntry& entry : entries_) try {
            if (entry.mapped) give_idmap(entry.mapped.get(), entry.options, user_namespace);
        } catch (const Error& error) {
            if (!entry.options.optional) throw entry.failed(error);
            entry.mapped.reset();
        }
}

UniqueFd RootfsSetup::pin(int rootfs) { return UniqueFd(::openat(rootfs, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)); }

void RootfsSetup::enter_mount_namespace() {
    const UniqueFd host = base::open_file("/", O_PATH | O_DIRECTORY);
    set_propagation(host.get(), MS_SLAVE, true);
    // Before anything is mounted over them.
    host_dev_ = base::open_file("/dev", O_PATH | O_DIRECTORY);
    host_pts_.reset(::open("/dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!has_own_rootfs()) return;
    mount_of_source_ = mount_at(rootfs_source(config_).path);
    mount_directory_.reset(::open(mount_point_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (mount_directory_) return;
    throw Error::last("open lxc.rootfs.mount", mount_point_, "make that directory; only the container mounts its rootfs on it");
}

void RootfsSetup::attach_rootfs() {
    if (!has_own_rootfs()) {
        root_ = base::open_file("/", O_PATH | O_DIRECTORY);
        return;
    }
    // A pre-mount hook may have mounted the real rootfs over the path, as those for encrypted ones do; but not where the
    // container's root cannot even look, and it needs no way to what came as a mount.
    const std::string source = rootfs_source(config_).path;
    const uint64_t now = mount_at(source);
    if (now != 0 && now != mount_of_source_) rootfs_mount_ = clone_tree(AT_FDCWD, source, true);
    MountOptions options = rootfs_options_;
    options.recursive = false;
    place(rootfs_mount_.get(), mount_directory_.get(), options, mount_point_);
    mount_directory_.reset();
    root_ = std::move(rootfs_mount_);
}

void RootfsSetup::mount_dev() {
    if (!config_.flag("lxc.autodev")) return;
    const UniqueFd dev = target("dev", Create::directory);
    const UniqueFd files = new_filesystem("tmpfs", "none", with(0, "mode=755,size=" + dev_size(config_)));
    attach(files.get(), dev.get(), "/dev");
    if (::mkdirat(files.get(), "pts", 0755) != 0) throw Error::last("make the directory", "/dev/pts");
}

void RootfsSetup::mount_auto() {
    const AutoMounts mounts = parse_auto(config_);
    if (mounts.proc != AutoMounts::Proc::none) mount_proc(mounts.proc == AutoMounts::Proc::mixed);
    if (mounts.sys != AutoMounts::Sys::none) mount_sys(mounts.sys);
}

void RootfsSetup::mount_proc(bool mixed) {
    UniqueFd directory = target("proc", Create::directory);
    if (has_own_rootfs()) detach_stack(root_.get(), "proc");
    directory = target("proc", Create::directory);
    const UniqueFd proc = new_filesystem("proc", "proc", with(no_suid_dev_exec));
    attach(proc.get(), directory.get(), "/proc");
    if (!mixed) return;
    // /proc/sys/net is cloned before /proc/sys is closed, and opened again on top of it.
    UniqueFd net;
    if (process::keeps_capability(config_, CAP_NET_ADMIN)) net = clone_tree(proc.get(), "sys/net", false);
    MountOptions closed = with(MOUNT_ATTR_RDONLY);
    closed.clear = no_suid_dev_exec;
    for (const char* path : {"sys", "sysrq-trigger"}) {
        // Not every kernel was built with both.
        if (::faccessat(proc.get(), path, F_OK, 0) != 0 && errno == ENOENT) continue;
        const UniqueFd on = resolve_target(proc.get(), path, Create::nothing);
        const UniqueFd copy = clone_tree(proc.get(), path, false);
        place(copy.get(), on.get(), closed, cat("/proc/", path));
    }
    if (net) attach(net.get(), resolve_target(proc.get(), "sys/net", Create::nothing).get(), "/proc/sys/net");
}

void RootfsSetup::mount_sys(AutoMounts::Sys mode) {
    UniqueFd directory = target("sys", Create::nothing);
    if (has_own_rootfs()) detach_stack(root_.get(), "sys");
    directory = target("sys", Create::nothing);
    const bool mixed = mode == AutoMounts::Sys::mixed;
    const uint64_t set = mixed ? no_suid_dev_exec : mode == AutoMounts::Sys::read_only ? MOUNT_ATTR_RDONLY : 0;
    const UniqueFd sys = new_filesystem("sysfs", "sysfs", with(set));
    attach(sys.get(), directory.get(), "/sys");
    if (!mixed) return;
    constexpr const char* links = "devices/virtual/net";
    const UniqueFd net = clone_tree(sys.get(), links, false);
    set_attributes(sys.get(), with(MOUNT_ATTR_RDONLY | no_suid_dev_exec), false);
    attach(net.get(), resolve_target(sys.get(), links, Create::nothing).get(), cat("/sys/", links));
}

void RootfsSetup::mount_entries() {
    for (MountEntry& entry : entries_) try {
            mount_entry(entry);
        } catch (const Error& error) {
            if (!entry.options.optional) throw entry.failed(error);
            base::log_info(cat("left out: ", entry.failed(error).what()));
        }
}

UniqueFd RootfsSetup::entry_source(MountEntry& entry) const {
    if (!entry.options.idmap.empty()) {
        if (!entry.mapped) throw Error(EINVAL, entry.source, "no id map was prepared for");
        return std::move(entry.mapped);
    }
    if (!entry.options.bind && !entry.options.move) return new_filesystem(entry.type, entry.source, entry.options);
    const UniqueFd inside = entry.options.relative ? target(entry.source, Create::nothing) : UniqueFd();
    const int directory = entry.options.relative ? inside.get() : AT_FDCWD;
    const std::string path = entry.options.relative ? std::string() : entry.source;
    if (entry.options.bind) return clone_tree(directory, path, entry.options.recursive);
    UniqueFd mount(::open_tree(directory, path.c_str(), OPEN_TREE_CLOEXEC | (path.empty() ? AT_EMPTY_PATH : 0)));
    if (!mount) throw Error::last("open the mount", entry.source);
    return mount;
}

void RootfsSetup::mount_entry(MountEntry& entry) {
    // Paths that a person may have written where they mean the container's root.
    const std::vector<std::string> prefixes = {cat(lxcpath_, "/", name_, "/rootfs"), rootfs_source(config_).path, mount_point_};
    const std::optional<std::string> path = has_own_rootfs() ? below_root(entry.target, prefixes) : entry.target;
    if (!path) return base::log_warn(cat("left out, the target is not below the container's root: ", entry.title()));
    const Create create = entry.options.create_directory ? Create::directory
                          : entry.options.create_file    ? Create::file
                                                         : Create::nothing;
    // The target first: as in LXC it is made even if an optional entry has no source.
    const UniqueFd on = target(*path, create);
    const UniqueFd mount = entry_source(entry);
    const bool fresh = !entry.options.bind && !entry.options.move;
    MountOptions options = for_bind(entry.options);
    if (fresh) options.set = options.clear = 0;
    options.recursive = entry.options.recursive && !entry.options.idmap.empty();
    place(mount.get(), on.get(), options, cat("/", *path));
}

/// Upper and work directories that lie in the container's own directory, but not in its rootfs; as far as that goes.
void RootfsSetup::make_overlay_directories(const MountEntry& entry) const {
    const std::string own = cat(lxcpath_, "/", name_, "/");
    const std::string rootfs = rootfs_source(config_).path + "/";
    for (const std::string_view word : sdk::split_mount_options(entry.options.data)) {
        const bool wanted = word.starts_with("upperdir=") || word.starts_with("workdir=");
        const std::string path(word.substr(word.find('=') + 1));
        if (!wanted || !path.starts_with(own) || path.starts_with(rootfs) || base::exists(path)) continue;
        base::make_directories(path, 0755);
    }
}

void RootfsSetup::mount_cgroups(const std::vector<CgroupMountPlan>& mounts) {
    for (const CgroupMountPlan& plan : mounts) try {
            const bool bind = plan.type == "bind";
            MountOptions options = with(bind ? 0 : no_suid_dev_exec, plan.options);
            const UniqueFd on = target(plan.target, Create::directory);
            const UniqueFd mount = !bind                 ? new_filesystem(plan.type, plan.source, options)
                                   : plan.source.empty() ? clone_tree(on.get(), "", true)
                                                         : clone_tree(AT_FDCWD, plan.source, false);
            // The mount is closed, not the filesystem: a cgroup hierarchy is the host's as well.
            options.set = plan.read_only ? MOUNT_ATTR_RDONLY : 0;
            place(mount.get(), on.get(), options, cat("/", plan.target));
        } catch (Error& error) {
            if (error.code() == ENOENT || error.code() == EPERM)
                error.suggest("lxc.mount.auto = cgroup needs /sys: add sys to it");
            throw;
        }
}

void RootfsSetup::write_resolver(const std::vector<std::string>& name_servers) try {
    if (name_servers.empty()) return;
    std::string text;
    for (const std::string& server : name_servers) text += cat("nameserver ", server, "\n");
    UniqueFd etc = resolve_inside(root_.get(), "etc");
    if (!etc) etc = target("etc", Create::directory);
    UniqueFd file(::openat(etc.get(), "resolv.conf", O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!file) {
        if (!has_own_rootfs()) throw Error(ENOENT, "/etc/resolv.conf", "the host has no");
        file.reset(::openat(etc.get(), "resolv.conf", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
        if (!file) throw Error::last("make the file", "/etc/resolv.conf");
    }
    attach(file_mount(text, 0644, root_.get()).get(), file.get(), "/etc/resolv.conf");
} catch (const Error& error) {
    constexpr int the_rootfs_forbids[] = {ENOENT, ENOTDIR, ELOOP, EROFS, EACCES, EPERM};
    if (std::ranges::find(the_rootfs_forbids, error.code()) == std::end(the_rootfs_forbids)) throw;
    base::log_warn(cat("the container gets no name servers: ", error.what()));
}

void RootfsSetup::check_rootfs() const {
    if (!has_own_rootfs()) return;
    const UniqueFd now(::open(mount_point_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    // Neither could a hook, which has the same rights.
    if (!now && errno == EACCES) return;
    struct stat there {
    }, ours{};
    if (::fstat(now.get(), &there) == 0 && ::fstat(root_.get(), &ours) == 0 && there.st_dev == ours.st_dev &&
        there.st_ino == ours.st_ino) {
        return;
    }
    throw Error(EBUSY, mount_point_, "something was mounted over the rootfs at", "a mount hook or entry did it");
}

}  // namespace keelson::filesystem
