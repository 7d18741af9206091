// A storage plugin loaded from the build tree and called through the boundary, as the kernel does it.
#pragma once

#include <keelson/sdk/storage.hpp>
#include <kernel/plugins/plugin_host.hpp>
#include <tests/support/fake_plugin_context.hpp>
#include <tests/support/private_mounts.hpp>

#include <dirent.h>

#include <algorithm>

namespace keelson::test {

class StoragePlugin {
public:
    /// A container "web" whose lxcpath is TREE/lxc.
    StoragePlugin(const std::string& name, const Tree& tree)
        : facts("web", tree / "lxc"), host_({KEELSON_TEST_PLUGINS}), name_(name) {
        tree.directory("lxc/web");
    }

    bool recognises(const std::string& path) { return storage().recognises(sdk::to_abi(path)); }
    void check(const std::string& path, const std::string& options = {}) {
        on_rootfs(path, options, 0,
                  [&](auto* context, auto* rootfs, auto* errors) { return storage().check(context, rootfs, errors); });
    }
    void prepare(const std::string& path) {
        on_rootfs(path, {}, 0,
                  [&](auto* context, auto* rootfs, auto* errors) { return storage().prepare(context, rootfs, errors); });
    }
    UniqueFd mount(const std::string& path, bool read_only = false, const std::string& options = {}) {
        return mount_with(path, options, read_only ? abi::rootfs_as_configured : 0);
    }
    UniqueFd mount_in_use(const std::string& path) { return mount_with(path, {}, abi::rootfs_in_use); }
    void destroy(const std::string& path) {
        on_rootfs(path, {}, 0,
                  [&](auto* context, auto* rootfs, auto* errors) { return storage().destroy(context, rootfs, errors); });
    }
    std::string create(uint64_t bytes = 0) {
        return with_request(bytes, [&](auto* context, auto* request, auto* path, auto* errors) {
            return storage().create(context, request, path, errors);
        });
    }
    std::string copy(const std::string& from, bool snapshot = false) {
        abi::Rootfs source{sizeof source, 0, sdk::to_abi(from), {"", 0}};
        auto* copier = static_cast<abi::StorageCopy*>(storage().interface(sdk::to_abi(sdk::StorageCopy::id)));
        return with_request(0, [&](auto* context, auto* request, auto* path, auto* errors) {
            return snapshot ? copier->snapshot(context, &source, request, path, errors)
                            : copier->copy(context, &source, request, path, errors);
        });
    }
    void undo(const std::string& record) {
        const sdk::Context context = facts.context();
        sdk::ErrorCollector errors;
        errors.check(plugin().plugin().undo(&context.raw(), sdk::to_abi(record), nullptr, &errors));
    }
    /// The journal, backwards.
    void undo_all() {
        for (auto record = facts.records.rbegin(); record != facts.records.rend(); ++record) undo(*record);
    }
    std::string rootfs() const { return facts.directory() + "/rootfs"; }

    FakePluginContext facts;

private:
    const plugins::LoadedPlugin& plugin() { return host_.load("storage", name_); }
    abi::Storage& storage() { return plugin().as<abi::Storage>(); }

    UniqueFd mount_with(const std::string& path, const std::string& options, uint32_t read_only) {
        int32_t mount = -1;
        on_rootfs(path, options, read_only,
                  [&](auto* context, auto* rootfs, auto* errors) { return storage().mount(context, rootfs, &mount, errors); });
        return UniqueFd(mount);
    }

    template <typename Body>
    void on_rootfs(const std::string& path, const std::string& options, uint32_t read_only, Body&& body) {
        const sdk::Context context = facts.context();
        const abi::Rootfs rootfs{sizeof rootfs, read_only, sdk::to_abi(path), sdk::to_abi(options)};
        sdk::ErrorCollector errors;
        errors.check(body(&context.raw(), &rootfs, &errors));
    }
    template <typename Body>
    std::string with_request(uint64_t bytes, Body&& body) {
        const sdk::Context context = facts.context();
        const std::string directory = rootfs();
        const abi::StorageRequest request{sizeof request, 0, sdk::to_abi(directory), bytes, {"", 0}, {nullptr, 0}};
        sdk::StringCollector path;
        sdk::ErrorCollector errors;
        errors.check(body(&context.raw(), &request, &path, &errors));
        return path.first();
    }

    plugins::PluginHost host_;
    std::string name_;
};

/// Every name below a directory, sorted; what is compared before and after.
inline std::string tree_of(const std::string& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) names.push_back(entry.path());
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names) text += name.substr(directory.size()) + "\n";
    return text;
}

/// Puts a detached mount on a directory of the private mount namespace.
inline void attach_at(int mount, const std::string& directory) {
    std::filesystem::create_directories(directory);
    if (::move_mount(mount, "", AT_FDCWD, directory.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
        throw Error::last("move_mount", directory);
}

}  // namespace keelson::test
