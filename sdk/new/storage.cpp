// @name@: a directory as root filesystem.
#include <keelson/sdk/storage.hpp>

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <filesystem>

namespace {

using namespace keelson;
using namespace keelson::sdk;

class @Class@ : public Storage {
public:
    /// A path without "@name@:" before it is never ours.
    bool recognises(std::string_view) const override { return false; }

    void check(const Context&, const Rootfs& rootfs) override {
        struct stat status {};
        if (::stat(rootfs.path.c_str(), &status) != 0) throw Error::last("find", rootfs.path, "is lxc.rootfs.path right?");
        if (!S_ISDIR(status.st_mode)) throw Error(ENOTDIR, rootfs.path, "use as root filesystem");
    }

    /// A detached mount: nobody sees it but who has the descriptor, and it goes with that (open_tree(2)).
    UniqueFd mount(const Context&, const Rootfs& rootfs) override {
        constexpr unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
        UniqueFd tree(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, rootfs.path.c_str(), flags)));
        if (!tree) throw Error::last("mount", rootfs.path);
        if (rootfs.read_only) {
            mount_attr read_only{};
            read_only.attr_set = MOUNT_ATTR_RDONLY;
            if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof read_only) != 0)
                throw Error::last("make read-only", rootfs.path);
        }
        return tree;
    }

    /// The record comes first. The kernel drops it when the container is made, or has it undone when that fails.
    std::string create(const Context& context, const StorageRequest& request) override {
        const uint64_t record = context.intend(request.directory);
        if (::mkdir(request.directory.c_str(), 0755) != 0) throw Error::last("make", request.directory);
        context.complete(record, request.directory + " made");
        return request.directory;
    }

    void destroy(const Context&, const Rootfs& rootfs) override {
        std::error_code failed;
        std::filesystem::remove_all(rootfs.path, failed);
        if (failed) throw Error(failed.value(), rootfs.path, "remove");
    }

    /// Removes the directory only if it is known to be ours, and an empty one in any case does no harm.
    void undo(const Context& context, std::string_view record, const Namespaces&) override {
        constexpr std::string_view made = " made";
        const bool complete = record.ends_with(made);
        const std::string directory(record.substr(0, record.size() - (complete ? made.size() : 0)));
        if (directory.empty() || directory.front() != '/')
            throw Error(EINVAL, std::string(record), "@name@ writes no such record as");
        if (complete) return destroy(context, {directory, {}, false});
        if (::rmdir(directory.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY) throw Error::last("remove", directory);
    }
};

KEELSON_STORAGE("@name@", @Class@, .version = "0.1", .summary = "a directory");

}  // namespace
