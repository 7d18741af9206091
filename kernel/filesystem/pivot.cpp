#include <fcntl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <kernel/base/file.hpp>
#include <kernel/base/log.hpp>
#include <kernel/filesystem/rootfs_setup.hpp>

#include <linux/magic.h>

#include <array>

namespace keelson::filesystem {

namespace {

/// The initial ramfs cannot be pivoted away from (pivot_root(2)): it is covered instead.
void cover_initial_root(const std::string& rootfs) {
    if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) throw Error::last("move to /", rootfs);
    if (::chroot(".") != 0) throw Error::last("chroot to", rootfs);
}

/// A random UUID, version 4 (RFC 9562).
std::string random_uuid() {
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) throw Error::last("getrandom", {});
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
    }
    return text;
}

bool is_procfs(int fd) {
    struct statfs facts {};
    if (::fstatfs(fd, &facts) != 0) throw Error::last("ask for the filesystem of", "/proc");
    return facts.f_type == PROC_SUPER_MAGIC;
}

}  // namespace

void RootfsSetup::pivot() {
    if (has_own_rootfs()) {
        // New and old root at the same place: the old one comes to lie on top, and is taken off (pivot_root(2)).
        if (::fchdir(root_.get()) != 0) throw Error::last("enter", mount_point_);
        if (::syscall(SYS_pivot_root, ".", ".") == 0) {
            if (::umount2(".", MNT_DETACH) != 0) throw Error::last("unmount the old root", "/");
        } else if (errno == EINVAL) {
            cover_initial_root(mount_point_);
        } else {
            throw Error::last("pivot_root to", mount_point_);
        }
        if (::chdir("/") != 0) throw Error::last("enter", "/");
        set_propagation(root_.get(), MS_SHARED, true);
    }
    const std::string tunnel = parse_auto(config_).tunnel_inside;
    if (!tunnel.empty()) set_propagation(target(tunnel, Create::nothing).get(), MS_SLAVE, true);
}

void RootfsSetup::mask_boot_id() try {
    if (!config_.flag("lxc.autodev")) return;
    constexpr const char* file_name = ".lxc-boot-id";
    const UniqueFd dev = target("dev", Create::nothing);
    const UniqueFd on = target("proc/sys/kernel/random/boot_id", Create::nothing);
    if (!is_procfs(on.get())) return;
    {
        const UniqueFd file = base::open_at(dev.get(), file_name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0444);
        base::write_fd(file.get(), random_uuid() + "\n", file_name);
    }
    MountOptions options;
    options.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    place(clone_tree(dev.get(), file_name, false).get(), on.get(), options, "the boot id");
} catch (const Error& error) {
    if (error.code() != ENOENT) throw;
    base::log_info(cat("the boot id is the host's: ", error.what()));
}

UniqueFd RootfsSetup::private_proc() { return new_filesystem("proc", "proc", {}); }

}  // namespace keelson::filesystem
