// Base class for a storage backend. See abi/storage.hpp for what each call means and where it runs.
#pragma once

#include <keelson/abi/storage.hpp>
#include <keelson/sdk/plugin.hpp>
#include <keelson/sdk/unique_fd.hpp>

namespace keelson::sdk {

/// lxc.rootfs.path without its prefix, and what is left of lxc.rootfs.options.
struct Rootfs {
    std::string path;
    std::string options;
    bool read_only = false;
    /// Always read_only as well: mount what its container may be writing to at the same time, without any harm to that. See
    /// abi::rootfs_in_use.
    bool in_use = false;
};

struct StorageRequest {
    std::string directory;
    uint64_t bytes = 0;
    std::string filesystem;
    std::vector<std::string> options;
};

inline Rootfs from_abi(const abi::Rootfs& raw) {
    return {std::string(from_abi(raw.path)), std::string(from_abi(raw.options)), raw.read_only != 0,
            (raw.read_only & abi::rootfs_in_use) != 0};
}
inline StorageRequest from_abi(const abi::StorageRequest& raw) {
    StorageRequest request{std::string(from_abi(raw.directory)), raw.bytes, std::string(from_abi(raw.filesystem)), {}};
    for (uint64_t i = 0; i < raw.options.size; ++i) request.options.emplace_back(from_abi(raw.options.data[i]));
    return request;
}

class Storage : public Plugin {
public:
    virtual bool recognises(std::string_view path) const = 0;
    virtual void check(const Context&, const Rootfs&) {}
    virtual void prepare(const Context&, const Rootfs&) {}
    /// A detached mount.
    virtual UniqueFd mount(const Context&, const Rootfs&) = 0;
    /// Returns the path for lxc.rootfs.path.
    virtual std::string create(const Context&, const StorageRequest&) = 0;
    virtual void destroy(const Context&, const Rootfs&) = 0;
};

/// What only some backends can do: derive the plugin's class from this as well.
class StorageCopy {
public:
    static constexpr std::string_view id = "keelson.storage.copy/1";
    /// A full copy; returns the path for lxc.rootfs.path.
    virtual std::string copy(const Context&, const Rootfs& from, const StorageRequest&) = 0;
    /// A copy that shares its blocks with `from`.
    virtual std::string snapshot(const Context&, const Rootfs& from, const StorageRequest&) = 0;

protected:
    ~StorageCopy() = default;
};

class StorageCopyBridge final : public abi::StorageCopy {
public:
    explicit StorageCopyBridge(sdk::StorageCopy* author) noexcept : author_(author) {}
    bool available() const noexcept { return author_ != nullptr; }

private:
    abi::Status copy(const abi::Context* context, const abi::Rootfs* from, const abi::StorageRequest* request,
                     abi::StringSink* path, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { path->add(to_abi(author_->copy(Context(*context), from_abi(*from), from_abi(*request)))); });
    }
    abi::Status snapshot(const abi::Context* context, const abi::Rootfs* from, const abi::StorageRequest* request,
                         abi::StringSink* path, abi::ErrorSink* error) noexcept final {
        return guard(error,
                     [&] { path->add(to_abi(author_->snapshot(Context(*context), from_abi(*from), from_abi(*request)))); });
    }

    sdk::StorageCopy* author_;
};

class StorageBridge final : public Bridge<abi::Storage, Storage> {
public:
    explicit StorageBridge(sdk::Storage& author) noexcept : Bridge(author), copy_(dynamic_cast<sdk::StorageCopy*>(&author)) {}

private:
    void* interface(abi::StringView id) noexcept final {
        if (from_abi(id) == sdk::StorageCopy::id && copy_.available()) return static_cast<abi::StorageCopy*>(&copy_);
        return Bridge::interface(id);
    }
    bool recognises(abi::StringView path) noexcept final try { return author_.recognises(from_abi(path)); } catch (...) {
        return false;
    }
    abi::Status check(const abi::Context* context, const abi::Rootfs* rootfs, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.check(Context(*context), from_abi(*rootfs)); });
    }
    abi::Status prepare(const abi::Context* context, const abi::Rootfs* rootfs, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.prepare(Context(*context), from_abi(*rootfs)); });
    }
    abi::Status mount(const abi::Context* context, const abi::Rootfs* rootfs, int32_t* mount_owned,
                      abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { *mount_owned = author_.mount(Context(*context), from_abi(*rootfs)).release(); });
    }
    abi::Status create(const abi::Context* context, const abi::StorageRequest* request, abi::StringSink* path,
                       abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { path->add(to_abi(author_.create(Context(*context), from_abi(*request)))); });
    }
    abi::Status destroy(const abi::Context* context, const abi::Rootfs* rootfs, abi::ErrorSink* error) noexcept final {
        return guard(error, [&] { author_.destroy(Context(*context), from_abi(*rootfs)); });
    }

    StorageCopyBridge copy_;
};

}  // namespace keelson::sdk

#define KEELSON_STORAGE(name, type, ...) \
    KEELSON_EXPORTED_DESCRIPTOR("storage", name, ::keelson::abi::Storage, ::keelson::sdk::StorageBridge, type, __VA_ARGS__)
