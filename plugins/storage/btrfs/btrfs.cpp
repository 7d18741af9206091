// A rootfs that is a subvolume of a btrfs filesystem (btrfs-subvolume(8)).
#include <btrfsutil.h>
#include <linux/magic.h>
#include <mntent.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <keelson/sdk/remove_tree.hpp>
#include <keelson/sdk/storage.hpp>
#include <plugins/storage/common/access.hpp>
#include <plugins/storage/common/made.hpp>
#include <plugins/storage/common/tree_copy.hpp>

#include <memory>

namespace {

using keelson::cat;
using keelson::Error;
using keelson::UniqueFd;
using keelson::sdk::Context;
using keelson::sdk::Namespaces;
using keelson::sdk::Rootfs;
using keelson::sdk::StorageRequest;
using keelson::storage::Identity;
using keelson::storage::identity_of;
using keelson::storage::Made;

constexpr ino_t root_of_a_subvolume = 256;

void must(btrfs_util_error result, const std::string& call, const std::string& path) {
    if (result == BTRFS_UTIL_OK) return;
    const int code = errno;
    throw Error(code, path, call, cat("btrfs says: ", btrfs_util_strerror(result)));
}

bool is_subvolume(const std::string& path) {
    struct stat facts {};
    struct statfs filesystem {};
    return ::lstat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_ino == root_of_a_subvolume &&
           ::statfs(path.c_str(), &filesystem) == 0 && filesystem.f_type == BTRFS_SUPER_MAGIC;
}

void require_subvolume(const std::string& path) {
    if (is_subvolume(path)) return;
    throw Error(EINVAL, path,
                "this is no subvolume of a btrfs filesystem:", "for a plain directory let lxc.rootfs.path begin with dir:");
}

/// Its UUID, as device numbers of subvolumes change with each mount.
std::optional<Identity> identity_of_subvolume(const std::string& path) {
    struct btrfs_util_subvolume_info facts {};
    if (!is_subvolume(path) || btrfs_util_subvolume_info(path.c_str(), 0, &facts) != BTRFS_UTIL_OK) return {};
    Identity identity;
    std::memcpy(&identity.device, facts.uuid, 8);
    std::memcpy(&identity.inode, facts.uuid + 8, 8);
    return identity;
}

/// Else the kernel would detach what is mounted there, and the library first delete the subvolumes of that.
void refuse_mounts_in(const std::string& path) {
    const std::string top = keelson::storage::real_path(path);
    const std::unique_ptr<FILE, int (*)(FILE*)> mounts(::setmntent("/proc/self/mounts", "re"), ::endmntent);
    if (!mounts) throw Error::last("open", "/proc/self/mounts");
    while (const mntent* mount = ::getmntent(mounts.get())) {
        const std::string place = mount->mnt_dir;
        if (place == top || place.starts_with(top + "/"))
            throw Error(EBUSY, place, "delete the subvolume with", "something is mounted there: unmount it first");
    }
}

/// With all subvolumes below it, which a guest may have made (systemd does). As a whole an ordinary user may delete them only
/// where a mount option allows it, and nobody those in a read-only one: then file by file.
void remove_subvolume(const std::string& path) {
    refuse_mounts_in(path);
    const btrfs_util_error result = btrfs_util_delete_subvolume(path.c_str(), BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE);
    if (result != BTRFS_UTIL_OK && (errno == EPERM || errno == EROFS)) return keelson::sdk::remove_tree(path);
    must(result, "delete the subvolume", path);
}

/// `body` makes the subvolume, between its record's two halves.
template <typename Body>
void make_with_record(const Context& context, const std::string& path, Body&& body) {
    const std::string parent = path.substr(0, std::max<size_t>(path.rfind('/'), 1));
    keelson::storage::make_directory(context, parent);
    if (identity_of(path))
        throw Error(EEXIST, path, "make the subvolume", "remove what is there, or choose another place with --dir");
    Made made{Made::Kind::subvolume, path, {}};
    const uint64_t record = context.intend(to_text(made));
    body();
    made.identity = identity_of_subvolume(path);
    context.complete(record, to_text(made));
}

class Btrfs final : public keelson::sdk::Storage, public keelson::sdk::StorageCopy {
public:
    bool recognises(std::string_view path) const override { return is_subvolume(std::string(path)); }

    void check(const Context& context, const Rootfs& rootfs) override {
        if (!rootfs.options.empty())
            throw Error(EINVAL, rootfs.options, "lxc.rootfs.options knows no such option for a subvolume:");
        keelson::storage::check_directory(context, rootfs.path);
        require_subvolume(rootfs.path);
    }

    UniqueFd mount(const Context&, const Rootfs& rootfs) override { return keelson::storage::clone_directory(rootfs.path); }

    std::string create(const Context& context, const StorageRequest& request) override {
        make_subvolume(context, request.directory);
        keelson::storage::give_to_root(context, request.directory);
        return request.directory;
    }

    void destroy(const Context& context, const Rootfs& rootfs) override {
        keelson::storage::refuse_careless_removal(context, rootfs.path);
        if (!identity_of(rootfs.path)) return;
        require_subvolume(rootfs.path);
        remove_subvolume(rootfs.path);
    }

    std::string copy(const Context& context, const Rootfs& from, const StorageRequest& request) override {
        make_subvolume(context, request.directory);
        keelson::storage::copy_tree(from.path, request.directory);
        return request.directory;
    }

    std::string snapshot(const Context& context, const Rootfs& from, const StorageRequest& request) override {
        require_subvolume(from.path);
        make_with_record(context, request.directory, [&] {
            must(btrfs_util_create_snapshot(from.path.c_str(), request.directory.c_str(), BTRFS_UTIL_CREATE_SNAPSHOT_RECURSIVE,
                                            nullptr, nullptr),
                 "make a snapshot of", from.path);
        });
        return request.directory;
    }

    void undo(const Context&, std::string_view record, const Namespaces&) override {
        const Made made = keelson::storage::made_from(record);
        if (made.kind != Made::Kind::subvolume) return keelson::storage::undo_made(made);
        if (!is_subvolume(made.path)) return;
        // Never completed: only what is empty is surely nobody's (a subvolume that is empty can be removed like a directory).
        if (!made.identity) return (void)::rmdir(made.path.c_str());
        if (made.identity == identity_of_subvolume(made.path)) remove_subvolume(made.path);
    }

private:
    static void make_subvolume(const Context& context, const std::string& path) {
        make_with_record(context, path, [&] {
            must(btrfs_util_create_subvolume(path.c_str(), 0, nullptr, nullptr), "make the subvolume", path);
        });
        if (::chmod(path.c_str(), 0755) != 0) throw Error::last("set the mode of", path);
    }
};

}  // namespace

KEELSON_STORAGE("btrfs", Btrfs, .version = "0.1.0", .summary = "a rootfs that is a subvolume of a btrfs filesystem",
                .order = 40);
