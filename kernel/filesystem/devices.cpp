// Stage autodev of RootfsSetup: nodes, devpts, terminals and links below /dev.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/filesystem/rootfs_setup.hpp>

#include <climits>

namespace keelson::filesystem {

namespace {

/// A detached mount of an open terminal. One that was opened in the host's mount namespace belongs to mounts which the child
/// only has copies of: there it is found again by name in the host's devpts, and has to be the same file.
UniqueFd clone_terminal(int pty, int host_pts) {
    UniqueFd mount(::open_tree(pty, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
    if (mount) return mount;
    if (errno != EINVAL) throw Error::last("clone the mount of", "a terminal");
    char path[PATH_MAX];
    const ssize_t length = ::readlink(cat("/proc/self/fd/", pty).c_str(), path, sizeof path);
    if (length <= 0) throw Error::last("readlink", cat("/proc/self/fd/", pty));
    const std::string name(path, static_cast<size_t>(length));
    constexpr std::string_view devpts = "/dev/pts/";
    const bool in_devpts = name.starts_with(devpts) && host_pts >= 0;
    mount = clone_tree(in_devpts ? host_pts : AT_FDCWD, in_devpts ? name.substr(devpts.size()) : name, false);
    struct stat wanted {
    }, found{};
    if (::fstat(pty, &wanted) != 0 || ::fstat(mount.get(), &found) != 0) throw Error::last("stat", name);
    if (wanted.st_dev != found.st_dev || wanted.st_ino != found.st_ino || wanted.st_rdev != found.st_rdev) {
        throw Error(ESTALE, name, "another file stands where the terminal was:");
    }
    return mount;
}

struct Link {
    const char* name;
    const char* to;
};
constexpr Link links[] = {
    {"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}};

struct Node {
    const char* name;
    unsigned major, minor;
};
constexpr Node nodes[] = {{"full", 1, 7}, {"null", 1, 3}, {"random", 1, 8}, {"tty", 5, 0}, {"urandom", 1, 9}, {"zero", 1, 5}};

}  // namespace

/// An entry may have bound the host's there, or the host's root may be the container's.
bool RootfsSetup::owns_dev() const {
    const UniqueFd dev = resolve_inside(root_.get(), "dev");
    struct stat ours {
    }, host{};
    if (!dev) return true;
    if (::fstat(dev.get(), &ours) != 0 || ::fstat(host_dev_.get(), &host) != 0) throw Error::last("stat", "/dev");
    return ours.st_dev != host.st_dev || ours.st_ino != host.st_ino;
}

/// An empty file to mount on, where nothing or a plain file is; a link is taken away, as what lies in /dev is ours to replace.
/// Of the host's own /dev nothing is changed.
UniqueFd RootfsSetup::mount_point_for(int dev, const std::string& name) const {
    UniqueFd there(::openat(dev, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat facts {};
    const bool is_link = there && ::fstat(there.get(), &facts) == 0 && S_ISLNK(facts.st_mode);
    if (there && !is_link) return there;
    if (!owns_dev()) {
        throw Error(there ? ELOOP : ENOENT, "/dev/" + name,
                    "the host's /dev is not changed, and lacks a file to mount on:", "set lxc.autodev = 1 or lxc.rootfs.path");
    }
    if (there && ::unlinkat(dev, name.c_str(), 0) != 0) throw Error::last("remove the link", "/dev/" + name);
    return resolve_target(dev, name, Create::file);
}

void RootfsSetup::make_device_nodes() {
    if (!config_.flag("lxc.autodev")) return;
    const UniqueFd dev = target("dev", Create::nothing);
    const mode_t mask = ::umask(0);
    for (const Node& node : nodes) make_node(dev.get(), node.name, node.minor, node.major);
    ::umask(mask);
}

void RootfsSetup::make_node(int dev, const char* name, unsigned minor, unsigned major) {
    const dev_t number = makedev(major, minor);
    if (::mknodat(dev, name, S_IFCHR | 0666, number) == 0 || errno == EEXIST) return;
    if (errno != EPERM && errno != EACCES) throw Error::last("make the device", cat("/dev/", name));
    bind_node(dev, name, number);
}

/// In a user namespace no device can be made: the host's is mounted instead, after a look that it is what its name says.
void RootfsSetup::bind_node(int dev, const char* name, unsigned long number) {
    const std::string path = cat("/dev/", name);
    const UniqueFd node = clone_tree(host_dev_.get(), name, false);
    struct stat facts {};
    if (::fstat(node.get(), &facts) != 0) throw Error::last("stat", path);
    if (!S_ISCHR(facts.st_mode) || facts.st_rdev != number) {
        throw Error(ENODEV, path, "the host has another file in the place of the device");
    }
    attach(node.get(), mount_point_for(dev, name).get(), path);
}

UniqueFd RootfsSetup::mount_devpts() {
    const uint64_t ptys = config_.number("lxc.pty.max");
    if (ptys == 0) return {};
    if (has_own_rootfs()) detach_stack(root_.get(), "dev/pts");
    const UniqueFd pts = target("dev/pts", Create::directory);
    const std::string data = cat("ptmxmode=0666,mode=0620,max=", ptys + config_.number("lxc.tty.max"));
    MountOptions options;
    options.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    UniqueFd mount;
    try {
        options.data = data + ",gid=5";
        mount = new_filesystem("devpts", "devpts", options);
    } catch (const Error& error) {
        if (error.code() != EINVAL) throw;
        options.data = data;
        mount = new_filesystem("devpts", "devpts", options);
    }
    attach(mount.get(), pts.get(), "/dev/pts");
    bind_ptmx(target("dev", Create::nothing).get());
    return mount;
}

void RootfsSetup::bind_ptmx(int dev) {
    if (owns_dev() && ::unlinkat(dev, "ptmx", 0) != 0 && errno != ENOENT && errno != EROFS)
        throw Error::last("remove", "/dev/ptmx");
    const UniqueFd on = mount_point_for(dev, "ptmx");
    attach(clone_tree(dev, "pts/ptmx", false).get(), on.get(), "/dev/ptmx");
}

void RootfsSetup::bind_terminals(const std::vector<TerminalNode>& terminals) {
    for (const TerminalNode& terminal : terminals) try {
            bind_terminal(terminal);
        } catch (Error& error) {
            throw error.at("terminal /dev/" + terminal.name);
        }
}

void RootfsSetup::bind_terminal(const TerminalNode& terminal) {
    const UniqueFd dev = target("dev", owns_dev() ? Create::directory : Create::nothing);
    const size_t slash = terminal.name.rfind('/');
    const std::string base = slash == std::string::npos ? terminal.name : terminal.name.substr(slash + 1);
    const Create create = owns_dev() ? Create::directory : Create::nothing;
    const UniqueFd directory =
        slash == std::string::npos ? UniqueFd() : resolve_target(dev.get(), terminal.name.substr(0, slash), create);
    attach(clone_terminal(terminal.pty, host_pts_.get()).get(),
           mount_point_for(directory ? directory.get() : dev.get(), base).get(), "/dev/" + terminal.name);
    if (!directory || !owns_dev()) return;
    if (base == "console") {
        attach(clone_terminal(terminal.pty, host_pts_.get()).get(), mount_point_for(dev.get(), base).get(), "/dev/console");
        return;
    }
    if (::unlinkat(dev.get(), base.c_str(), 0) != 0 && errno != ENOENT) throw Error::last("remove", "/dev/" + base);
    if (::symlinkat(terminal.name.c_str(), dev.get(), base.c_str()) != 0) throw Error::last("make the link", "/dev/" + base);
}

void RootfsSetup::make_dev_links() {
    if (!owns_dev()) return;
    const UniqueFd dev = target("dev", Create::directory);
    for (const Link& link : links) {
        if (::symlinkat(link.to, dev.get(), link.name) == 0 || errno == EEXIST) continue;
        if (errno != EROFS) throw Error::last("make the link", cat("/dev/", link.name));
        base::log_info(cat("no /dev/", link.name, ": the rootfs is read-only"));
    }
}

}  // namespace keelson::filesystem
