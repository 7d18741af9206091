// A rootfs that is a filesystem in an image file.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <keelson/sdk/detached_mount.hpp>
#include <keelson/sdk/patience.hpp>
#include <keelson/sdk/storage.hpp>
#include <plugins/storage/common/access.hpp>
#include <plugins/storage/common/made.hpp>
#include <plugins/storage/common/tree_copy.hpp>
#include <plugins/storage/loop/loop_device.hpp>
#include <plugins/storage/loop/mkfs.hpp>
#include <plugins/storage/loop/superblock.hpp>

namespace {

using keelson::cat;
using keelson::Error;
using keelson::UniqueFd;
using keelson::sdk::Context;
using keelson::sdk::Namespaces;
using keelson::sdk::Rootfs;
using keelson::sdk::StorageRequest;

constexpr uint64_t default_bytes = 1ull << 30;
constexpr uint64_t smallest_bytes = 1ull << 20;

UniqueFd open_image(const std::string& path, bool read_only) {
    UniqueFd image(::open(path.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!image) {
        const char* hint = errno == ENOENT ? "lxc.rootfs.path names it: is it mistyped, or not made yet?" : "";
        throw Error::last("open the image", path, hint);
    }
    struct stat facts {};
    if (::fstat(image.get(), &facts) != 0) throw Error::last("stat", path);
    if (!S_ISREG(facts.st_mode)) throw Error(EINVAL, path, "the image is not a plain file:");
    return image;
}

/// Waits for what has just ended: the kernel may still be writing back what was mounted.
bool try_lock(int image, int operation) {
    return keelson::sdk::comes_true(std::chrono::seconds(5), [image, operation] {
        // A filesystem below that has no locks: nothing is known then.
        return ::flock(image, operation | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR);
    });
}

/// Two mounts of one image write over each other, and one that replays the journal over whoever has it mounted. The loop device
/// keeps the open file and so the lock, for just as long as it is attached. Anybody who may read the image may lock it as well,
/// but that alone shall not hold us up for ever.
void lock(int image, const Rootfs& rootfs) {
    if (try_lock(image, rootfs.read_only ? LOCK_SH : LOCK_EX) || !keelson::storage::has_loop(image)) return;
    throw Error(EBUSY, rootfs.path, "the image is mounted already:",
                rootfs.in_use ? "stop the container first, or make a copy with the same storage, which copies the image"
                              : "stop the container that has it, or wait for the copy that is being made");
}

std::string filesystem_in(int image, const std::string& path) {
    std::string type = keelson::storage::filesystem_of(image, path);
    if (type.empty()) {
        throw Error(EMEDIUMTYPE, path, "no filesystem that Keelson knows is in",
                    "an image has to hold a filesystem, without partitions");
    }
    return type;
}

class Loop final : public keelson::sdk::Storage, public keelson::sdk::StorageCopy {
public:
    bool recognises(std::string_view path) const override {
        struct stat facts {};
        return ::lstat(std::string(path).c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
    }

    void check(const Context& context, const Rootfs& rootfs) override {
        if (context.by_ordinary_user()) {
            throw Error(EPERM, rootfs.path, "only root can mount the image", "take dir or overlay as storage");
        }
        const UniqueFd image = open_image(rootfs.path, rootfs.read_only);
        filesystem_in(image.get(), rootfs.path);
    }

    UniqueFd mount(const Context&, const Rootfs& rootfs) override try { return mount_at(rootfs); } catch (const Error& error) {
        if (!rootfs.in_use || error.code() != EROFS) throw;
        // After a crash the journal has to be replayed first, which takes a device that can be written to.
        return mount_at({rootfs.path, rootfs.options, false});
    }

    std::string create(const Context& context, const StorageRequest& request) override {
        const std::string path = image_of(context);
        const UniqueFd image = keelson::storage::make_file(context, path, 0600);
        const uint64_t bytes = request.bytes == 0 ? default_bytes : request.bytes;
        if (bytes < smallest_bytes) throw Error(EINVAL, path, cat(bytes, " bytes are too few for a filesystem in"));
        if (::ftruncate(image.get(), static_cast<off_t>(bytes)) != 0) throw Error::last("set the size of", path);
        keelson::storage::make_filesystem(request.filesystem.empty() ? "ext4" : request.filesystem, path);
        if (context.has_user_namespace()) give_to_root(context, image.get(), path);
        return path;
    }

    void destroy(const Context& context, const Rootfs& rootfs) override {
        keelson::storage::refuse_careless_removal(context, rootfs.path);
        struct stat facts {};
        if (::lstat(rootfs.path.c_str(), &facts) != 0 && errno == ENOENT) return;
        if (!S_ISREG(facts.st_mode)) throw Error(EINVAL, rootfs.path, "the image is not a plain file:");
        if (::unlink(rootfs.path.c_str()) != 0 && errno != ENOENT) throw Error::last("remove", rootfs.path);
    }

    /// Of an image, or of a directory: into a new filesystem of the size that is asked for.
    std::string copy(const Context& context, const Rootfs& from, const StorageRequest& request) override {
        if (is_directory(from.path)) return copy_directory(context, from, request);
        const UniqueFd source = open_image(from.path, true);
        const std::string path = image_of(context);
        const UniqueFd target = keelson::storage::make_file(context, path, 0600);
        keelson::storage::copy_content(source.get(), target.get(), path);
        return path;
    }

    std::string snapshot(const Context& context, const Rootfs& from, const StorageRequest&) override {
        const UniqueFd source = open_image(from.path, true);
        const std::string path = image_of(context);
        const UniqueFd target = keelson::storage::make_file(context, path, 0600);
        if (::ioctl(target.get(), FICLONE, source.get()) != 0) {
            throw Error::last("share blocks with the image", from.path,
                              "the filesystem below has to be able to (btrfs, XFS); make a full copy instead");
        }
        return path;
    }

    void undo(const Context&, std::string_view record, const Namespaces&) override {
        keelson::storage::undo_made(keelson::storage::made_from(record));
    }

private:
    static std::string image_of(const Context& context) { return context.directory() + "/rootdev"; }

    static bool is_directory(const std::string& path) {
        struct stat facts {};
        return ::lstat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
    }

    std::string copy_directory(const Context& context, const Rootfs& from, const StorageRequest& request) {
        const std::string path = create(context, request);
        const UniqueFd image = open_image(path, false);
        const UniqueFd root = mount_image(image.get(), {path, {}, false});
        const std::string directory = cat("/proc/self/fd/", root.get(), "/.");
        const UniqueFd written(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!written) throw Error::last("open the filesystem in", path);
        keelson::storage::copy_tree(from.path, directory);
        // The image is sparse: that there is no room for what has been written is known only now.
        if (::syncfs(written.get()) != 0)
            throw Error::last("write the copy into", path, "is the filesystem that holds it full?");
        return path;
    }

    static UniqueFd mount_at(const Rootfs& rootfs) {
        const UniqueFd image = open_image(rootfs.path, rootfs.read_only);
        return mount_image(image.get(), rootfs);
    }

    static UniqueFd mount_image(int image, const Rootfs& rootfs) {
        lock(image, rootfs);
        const std::string type = filesystem_in(image, rootfs.path);
        const keelson::storage::LoopDevice loop = keelson::storage::attach_loop(image, rootfs.read_only, rootfs.path);
        keelson::sdk::FilesystemContext filesystem(type);
        filesystem.set("source", loop.path);
        if (rootfs.read_only) filesystem.set("ro");
        filesystem.options(rootfs.options);
        return filesystem.mount();
    }

    static void give_to_root(const Context& context, int image, const std::string& path) {
        const UniqueFd root = mount_image(image, {path, {}, false});
        if (::fchownat(root.get(), "", context.root_uid(), context.root_gid(), AT_EMPTY_PATH) != 0) {
            throw Error::last("change the owner of the filesystem in", path);
        }
    }
};

}  // namespace

KEELSON_STORAGE("loop", Loop, .version = "0.1.0", .summary = "a rootfs that is a filesystem in an image file",
                .applies_to = "file", .order = 30);
