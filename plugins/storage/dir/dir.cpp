// A rootfs that is a directory.
#include <sys/stat.h>
#include <keelson/sdk/remove_tree.hpp>
#include <keelson/sdk/storage.hpp>
#include <plugins/storage/common/access.hpp>
#include <plugins/storage/common/made.hpp>
#include <plugins/storage/common/tree_copy.hpp>

namespace {

using keelson::Error;
using keelson::UniqueFd;
using keelson::sdk::Context;
using keelson::sdk::Namespaces;
using keelson::sdk::Rootfs;
using keelson::sdk::StorageRequest;

class Dir final : public keelson::sdk::Storage, public keelson::sdk::StorageCopy {
public:
    bool recognises(std::string_view path) const override {
        struct stat facts {};
        return ::lstat(std::string(path).c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
    }

    void check(const Context& context, const Rootfs& rootfs) override {
        if (!rootfs.options.empty())
            throw Error(EINVAL, rootfs.options, "lxc.rootfs.options knows no such option for a directory:");
        keelson::storage::check_directory(context, rootfs.path);
    }

    UniqueFd mount(const Context&, const Rootfs& rootfs) override { return keelson::storage::clone_directory(rootfs.path); }

    std::string create(const Context& context, const StorageRequest& request) override {
        keelson::storage::make_directory(context, request.directory);
        return request.directory;
    }

    void destroy(const Context& context, const Rootfs& rootfs) override {
        keelson::storage::refuse_careless_removal(context, rootfs.path);
        keelson::sdk::remove_tree(rootfs.path);
    }

    std::string copy(const Context& context, const Rootfs& from, const StorageRequest& request) override {
        keelson::storage::make_directory(context, request.directory);
        keelson::storage::copy_tree(from.path, request.directory);
        return request.directory;
    }

    std::string snapshot(const Context&, const Rootfs& from, const StorageRequest&) override {
        throw Error(EOPNOTSUPP, from.path, "a directory cannot share its blocks with a copy:",
                    "take overlay as the storage of the copy (-B overlay), or make a full copy");
    }

    void undo(const Context&, std::string_view record, const Namespaces&) override {
        keelson::storage::undo_made(keelson::storage::made_from(record));
    }
};

}  // namespace

KEELSON_STORAGE("dir", Dir, .version = "0.1.0", .summary = "a rootfs that is a directory", .applies_to = "directory",
                .order = 10);
